"""What components are tried with, and how what they made is compared."""
