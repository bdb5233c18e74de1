"""Files of structures. This module is light."""

from __future__ import annotations

from medai.api import ExporterSpec

EXPORTERS: tuple[ExporterSpec, ...] = (
    ExporterSpec(
        name="parameter-file",
        target="medai_rna.exporters.parameters:ParameterFile",
        summary="learnt energies of loops as a file `.par`, which folding programs read",
        of="model",
        license="Apache-2.0",
    ),
)
