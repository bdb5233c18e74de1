"""What this plugin offers. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec, LossSpec, MetricSpec, ModelSpec, Recipe, Table, hookimpl
from medai_ldct.recipes import RECIPES
from medai_ldct.tables import TABLES

_STUDY = "Zhao et al. 2024, doi:10.53941/aim.2024.100007"


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return (
        DatasetSpec(
            name="phantom",
            target="medai_ldct.datasets.phantom:Phantom",
            summary="generated abdomen-like CT slices in HU, the same for the same seed",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="drawn by this plugin; no patient behind it",
            example={"subjects": 3, "slices": 2, "size": 96},
        ),
        DatasetSpec(
            name="ct",
            target="medai_ldct.datasets.ct:Ct",
            summary="slices of a folder of normal-dose CT: DICOM, or NIfTI and .npy in HU",
            task="restoration",
            inputs=("image",),
            source="the user's own",
        ),
        DatasetSpec(
            name="aapm-mayo-2016",
            target="medai_ldct.datasets.mayo_2016:Mayo2016",
            summary="the 2016 NIH-AAPM-Mayo Clinic Low Dose CT Grand Challenge: abdomens at a quarter of the dose and at full dose",
            task="restoration",
            inputs=("image",),
            license="LicenseRef-AAPM-Low-Dose-CT-Grand-Challenge",
            source="AAPM Low Dose CT Grand Challenge 2016, https://www.aapm.org/grandchallenge/lowdosect; " + _STUDY + ", Table 2",
            needs=(
                "the challenge's images (Training_Image_Data: 3mm B30, 1mm B30, 3mm D45 or 1mm D45), which its page hands out "
                "under terms of its own",
                "laid out as ROOT/L067/quarter_3mm/*.IMA and ROOT/L067/full_3mm/*.IMA, or as the archives have them",
            ),
        ),
        DatasetSpec(
            name="tcia-ldct",
            target="medai_ldct.datasets.tcia_ldct:TciaLdct",
            summary="LDCT-and-Projection-data of TCIA: chests, abdomens and heads at low and full dose, of Siemens scanners",
            task="restoration",
            inputs=("image",),
            license="LicenseRef-TCIA-LDCT-and-Projection-data",
            source="McCollough et al. 2020, doi:10.7937/9NPB-2637",
            needs=(
                "the collection's image series, from https://www.cancerimagingarchive.net/collection/ldct-and-projection-data, "
                "under the licence stated there; some of its versions ask for an agreement to be signed",
                "laid out as ROOT/C002/STUDY/1.000000-Low Dose Images-39882/*.dcm beside 1.000000-Full Dose Images-22038, as the archive's "
                "programs do it",
            ),
        ),
        DatasetSpec(
            name="piglet",
            target="medai_ldct.datasets.piglet:Piglet",
            summary="one piglet scanned at 50, 25, 10 and 5 % of the dose and at full dose: measured noise",
            task="restoration",
            inputs=("image",),
            license="LicenseRef-Not-Stated",
            source="Yi and Babyn 2018, doi:10.1007/s10278-018-0056-0; " + _STUDY + ", Table 1",
            needs=(
                "the DICOM files, which the authors hand out on request: https://github.com/xinario/SAGAN; no licence is stated",
                "laid out as ROOT/DICOM/PA0/ST0/SE0/IM0 and so on, or a folder per dose: ROOT/full, ROOT/50, ROOT/25, ROOT/10, ROOT/5",
            ),
        ),
        DatasetSpec(
            name="paired-npy",
            target="medai_ldct.datasets.paired_npy:PairedNpy",
            summary="pairs of slices as .npy, in HU or scaled to 0..1 as public code of RED-CNN keeps them",
            task="restoration",
            inputs=("image",),
            source="the user's own",
            needs=("laid out as ROOT/low/NAME.npy and ROOT/normal/NAME.npy, or as ROOT/NAME_input.npy and ROOT/NAME_target.npy",),
        ),
        DatasetSpec(
            name="simulated",
            target="medai_ldct.datasets.simulated:Simulated",
            summary="view: pairs of low and normal dose from normal-dose CT, by noise in the projections",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="Zeng et al. 2015, doi:10.1109/TNS.2015.2467219",
            example={"views": 60},
        ),
        DatasetSpec(
            name="simulated-ct",
            target="medai_ldct.datasets.simulated_ct:SimulatedCt",
            summary="a folder of normal-dose CT, with each slice at a low dose as the input",
            task="restoration",
            inputs=("image",),
            source="the user's own; Zeng et al. 2015, doi:10.1109/TNS.2015.2467219",
            example={"views": 60},
        ),
        DatasetSpec(
            name="patches",
            target="medai_ldct.datasets.patches:Patches",
            summary="view: random square patches for training, input and reference alike",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source=_STUDY,
        ),
    )


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return (
        ModelSpec(
            name="redcnn",
            target="medai_ldct.models.redcnn:RedCnn",
            summary="residual encoder-decoder of 5x5 convolutions",
            task="restoration",
            inputs=("image",),
            example={"filters": 12},
            license="Apache-2.0",
            source="Chen et al. 2017, doi:10.1109/TMI.2017.2715284",
        ),
        ModelSpec(
            name="edcnn",
            target="medai_ldct.models.edcnn:Edcnn",
            summary="dense blocks over the slice and its edges by a trainable Sobel operator",
            task="restoration",
            inputs=("image",),
            example={"filters": 8, "blocks": 4},
            license="Apache-2.0",
            source="Liang et al. 2020, doi:10.1109/ICSP48669.2020.9320928",
        ),
        ModelSpec(
            name="qae",
            target="medai_ldct.models.qae:QuadraticAutoencoder",
            summary="autoencoder of quadratic neurons in place of inner products",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="Fan et al. 2020, doi:10.1109/TMI.2019.2963248",
        ),
        ModelSpec(
            name="octnet",
            target="medai_ldct.models.octnet:OctNet",
            summary="octave convolutions over a high and a low frequency band",
            task="restoration",
            inputs=("image",),
            example={"filters": 16},
            license="Apache-2.0",
            source="Won et al. 2020, doi:10.1007/978-3-030-59354-4_7",
        ),
        ModelSpec(
            name="unet",
            target="medai_ldct.models.unet:UNet",
            summary="U-Net without normalisation, its answer added to the slice",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="Won et al. 2020, doi:10.1007/978-3-030-59354-4_7, its baseline",
        ),
        ModelSpec(
            name="wgan-vgg",
            target="medai_ldct.models.wgan_vgg:WganVgg",
            summary="a generator and its Wasserstein critic, trained in turns",
            task="restoration",
            inputs=("image",),
            # Without an example it is tried in its recipe, which is small too, and beside the loss that it cannot learn without.
            license="Apache-2.0",
            source="Yang et al. 2018, doi:10.1109/TMI.2018.2827462",
        ),
        ModelSpec(
            name="ctformer",
            target="medai_ldct.models.ctformer:Ctformer",
            summary="transformer without convolutions over tokens of windows that overlap",
            task="restoration",
            inputs=("image",),
            example={"channels": 16, "heads": 2},
            license="Apache-2.0",
            source="Wang et al. 2023, doi:10.1088/1361-6560/acc000",
            known_failures={
                "model.every-parameter-learns": "the authors' class token and classifying head, which no pixel depends on, are kept for "
                "the published count of parameters and checkpoints",
            },
        ),
    )


@hookimpl
def medai_losses() -> tuple[LossSpec, ...]:
    return (
        LossSpec(
            name="mse-loss",
            target="medai_ldct.losses.pixels:mean_squared_error",
            summary="mean squared error of pixels, of HU in HU squared",
            task="restoration",
            license="Apache-2.0",
            source=_STUDY,
            implements=("mse-loss",),
        ),
        LossSpec(
            name="compound-loss",
            target="medai_ldct.losses.perceptual:CompoundLoss",
            summary="mean squared error of pixels and of the features of ResNet-50's four stages",
            task="restoration",
            license="Apache-2.0",
            source="Liang et al. 2020, doi:10.1109/ICSP48669.2020.9320928",
            implements=("compound-loss",),
            example={"pretrained": "none"},
        ),
        LossSpec(
            name="perceptual-loss",
            target="medai_ldct.losses.perceptual:PerceptualLoss",
            summary="mean squared error of VGG-19's last features",
            task="restoration",
            license="Apache-2.0",
            source="Yang et al. 2018, doi:10.1109/TMI.2018.2827462, eq. 5",
            implements=("perceptual-loss",),
            example={"pretrained": "none"},
        ),
        LossSpec(
            name="wasserstein-adversarial",
            target="medai_ldct.losses.adversarial:WassersteinAdversarial",
            summary="Wasserstein distance with a penalty on the critic's slope, and VGG-19's features for the generator",
            task="restoration",
            license="Apache-2.0",
            source="Yang et al. 2018, doi:10.1109/TMI.2018.2827462, eq. 3 and 6; Gulrajani et al. 2017",
            implements=("wasserstein-adversarial",),
        ),
    )


@hookimpl
def medai_metrics() -> tuple[MetricSpec, ...]:
    return (
        *(
            MetricSpec(
                name=name,
                target=target,
                summary=summary,
                task="restoration",
                inputs=("image",),
                license="Apache-2.0",
                source=f"{_STUDY}, {source}",
                example={"window": (-160.0, 240.0)},
            )
            for name, target, summary, source in (
                ("mse", "medai_ldct.metrics:Mse", "mean squared error, in the square of the image's unit", "eq. 1"),
                (
                    "psnr",
                    "medai_ldct.metrics:StudyPsnr",
                    "as medai/psnr; the study's figures are of the window -160..240 HU, peak 400",
                    "eq. 2",
                ),
                ("ssim", "medai_ldct.metrics:StudySsim", "as medai/ssim; the study gives no constants", "eq. 3 to 6"),
                ("rmse", "medai_ldct.metrics:StudyRmse", "as medai/rmse; the study's figures are of the window -160..240 HU", "eq. 7"),
                (
                    "avg-psnr",
                    "medai_ldct.metrics:StudyPsnr",
                    "as medai/psnr: the mean over cases; which figures the study's mean is of, it does not say",
                    "Table 8",
                ),
                ("roi-average", "medai_ldct.metrics:RoiAverage", "PSNR, SSIM or RMSE in a declared region", "Table 5, Figures 2 and 3"),
            )
        ),
        MetricSpec(
            name="dose-measures",
            target="medai_ldct.metrics:DoseMeasures",
            summary="the dose of the inputs: fraction, mAs, CTDIvol, dose-length product and effective dose, as their data say",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source=_STUDY + ", Table 1",
            known_failures={"metric.perfect-is-best": "it is of the input alone: every answer has the same dose"},
        ),
        *(
            MetricSpec(
                name=name,
                target=f"medai_ldct.metrics:{target}",
                summary=summary,
                task="restoration",
                inputs=("image",),
                license="Apache-2.0",
                source=f"{_STUDY}, section 3.3.4 and Table 8",
                implements=(name,),
                example=example,
                of="model",
            )
            for name, target, summary, example in (
                ("params", "Params", "parameters of a network, all and those that are trained", {}),
                ("macs", "Macs", "multiply-accumulate operations for a slice of 512 x 512 and of 64 x 64, in G", {"sizes": (48,)}),
                ("cpu-time", "CpuTime", "milliseconds for a slice of 512 x 512 on the processor", {"size": 48, "repeats": 2}),
                ("gpu-time", "GpuTime", "milliseconds for a slice of 512 x 512 on the GPU", {"size": 48, "repeats": 2}),
            )
        ),
    )


@hookimpl
def medai_recipes() -> tuple[Recipe, ...]:
    return RECIPES


@hookimpl
def medai_tables() -> tuple[Table, ...]:
    return TABLES
