"""RED-CNN: a residual encoder-decoder."""

from __future__ import annotations

import torch
from torch import nn

from medai_ldct.models.layout import laid_out
from medai_ldct.models.published import REDCNN, REDCNN_SHARED, load_published
from medai_ldct.models.scale import from_unit, to_unit
from medai_ldct.models.volumes import slice_by_slice
from medai_ldct.models.winograd import Convolution, TransposedConvolution


class RedCnn(nn.Module):
    """RED-CNN (Chen et al., IEEE Trans. Med. Imaging 36, 2017, 2524), with the 96 filters whose 1,848,865 parameters the study prints.

    Five 5x5 convolutions shrink the slice by 4 pixels each, five transposed ones grow it again; three shortcuts are added on the way.
    It starts out close to the identity, whatever the number of filters: kernels are drawn after He et al. (ICCV 2015, 1026) for ReLU,
    biases are zero, and the last layer, which is added to the slice, is nearly zero. On a CPU without gradients its layers of 64 filters or
    more take fewer products, see `medai_ldct.models.winograd`: answers differ from those of torch's own layers by hundredths of an HU.

    HU in and out, float32 (B, 1, H, W) with H and W at least 21, or a volume (B, 1, D, H, W) slice by slice.

    Args:
        filters: of each layer.
        pretrained: a file of weights to start from, ours or of the public code that `medai_ldct.models.published` names; none by default.
    """

    def __init__(self, filters: int = 96, pretrained: str | None = None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, filters, 5)
        self.conv2 = Convolution(filters, filters, 5)
        self.conv3 = Convolution(filters, filters, 5)
        self.conv4 = Convolution(filters, filters, 5)
        self.conv5 = Convolution(filters, filters, 5)
        self.deconv1 = TransposedConvolution(filters, filters, 5)
        self.deconv2 = TransposedConvolution(filters, filters, 5)
        self.deconv3 = TransposedConvolution(filters, filters, 5)
        self.deconv4 = TransposedConvolution(filters, filters, 5)
        self.deconv5 = nn.ConvTranspose2d(filters, 1, 5)
        self.relu = nn.ReLU(inplace=True)
        for layer in self.children():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        # With a last layer like the others an untrained network is hundreds of HU off, and a short training ends before it has caught up.
        nn.init.normal_(self.deconv5.weight, std=1e-3)
        load_published(self, pretrained, (REDCNN, REDCNN_SHARED))

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        if hu.ndim == 5:
            return slice_by_slice(self, hu)
        slice_ = to_unit(hu)
        second = self.relu(self.conv2(self.relu(self.conv1(laid_out(slice_)))))
        fourth = self.relu(self.conv4(self.relu(self.conv3(second))))
        deepest = self.relu(self.conv5(fourth))

        up = self.relu(self.deconv1(deepest) + fourth)
        up = self.relu(self.deconv2(up))
        up = self.relu(self.deconv3(up) + second)
        up = self.relu(self.deconv4(up))
        return from_unit(self.relu(self.deconv5(up).float() + slice_))
