"""Functions of an output and a target, and one that makes such a function."""


def itself(output, target):
    return (output - target).abs().mean()


def lax(output=1.0, target=0.0):
    return output - target


def maker(power: int = 1):
    """The mean of a power of the error.

    Args:
        power: of the absolute error.
    """
    return lambda output, target: (output - target).abs().pow(power).mean()
