"""Frames of videos (torchvision.transforms.v2.functional)."""

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision.transforms.v2.functional._registry import add_kernel, functional, kernel_for


@functional
def uniform_temporal_subsample(inpt, num_samples: int):
    """`num_samples` frames at even distances, from the first to the last."""
    return kernel_for(uniform_temporal_subsample, inpt)(inpt, num_samples=num_samples)


def uniform_temporal_subsample_video(video, num_samples: int):
    count = video.shape[-4]
    return torch.index_select(video, -4, torch.linspace(0, count - 1, num_samples).long())


add_kernel(uniform_temporal_subsample, uniform_temporal_subsample_video, tv_tensors.Video, torch.Tensor)
