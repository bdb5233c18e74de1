"""How a CT image comes about: line integrals, photons, and filtered back-projection."""

from medai_ldct.physics.dose import Acquisition, attenuation, calibrated, noise, psnr
from medai_ldct.physics.projector import ParallelBeam

__all__ = ["Acquisition", "ParallelBeam", "attenuation", "calibrated", "noise", "psnr"]
