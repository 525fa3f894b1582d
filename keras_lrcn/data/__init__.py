"""Files on disk -> captioned images -> `tf.data` of raw pixels and sentences."""

from keras_lrcn.data.caption_report import CaptionReport
from keras_lrcn.data.caption_results import read_references, read_results
from keras_lrcn.data.captions_file import read_captions
from keras_lrcn.data.charades import read_charades, read_charades_classes
from keras_lrcn.data.check import check_captions, check_dataset
from keras_lrcn.data.clips import (
    ClipPlan,
    Crop,
    clip_frames,
    clip_starts,
    cut,
    evaluation_crops,
    training_clip,
)
from keras_lrcn.data.coco import read_coco_captions
from keras_lrcn.data.described_formats import read_described_dataset
from keras_lrcn.data.described_videos import DescribedVideo
from keras_lrcn.data.descriptions_file import read_descriptions
from keras_lrcn.data.examples import CaptionedImage
from keras_lrcn.data.feature_cache import CachedFeatures, cache_features, encoder_digest
from keras_lrcn.data.flickr8k import read_flickr8k
from keras_lrcn.data.flickr30k import read_flickr30k
from keras_lrcn.data.flow import FlowStream, flow_frames, optical_flow
from keras_lrcn.data.flow_cache import cache_flow
from keras_lrcn.data.flow_color import flow_to_color
from keras_lrcn.data.flow_encoding import FlowEncoding
from keras_lrcn.data.flow_file import FlowFileError, FlowImages, read_flow, write_flow
from keras_lrcn.data.formats import detect_format, read_dataset, read_splits
from keras_lrcn.data.grid_corpus import SpokenWord, read_grid, read_grid_alignment
from keras_lrcn.data.image_store import resize_pixels
from keras_lrcn.data.images import IMAGE_SUFFIXES, ImageError, list_images, read_image
from keras_lrcn.data.karpathy import read_karpathy
from keras_lrcn.data.label_results import (
    LabelResults,
    read_label_results,
    read_labels,
    stack_label_results,
)
from keras_lrcn.data.labelled_formats import read_labelled_dataset
from keras_lrcn.data.labelled_videos import (
    LabelledVideo,
    read_hmdb51,
    read_labelled_videos,
    read_ucf101,
    read_video_folders,
    ucf101_classes,
)
from keras_lrcn.data.motions import (
    motion_clip,
    motion_clips,
    motion_video,
    write_motion_videos,
)
from keras_lrcn.data.msr_vtt import read_msr_vtt
from keras_lrcn.data.msvd import read_msvd
from keras_lrcn.data.pipelines import captioned_images
from keras_lrcn.data.tacos import read_tacos
from keras_lrcn.data.tuples_file import TUPLE_SUFFIXES, SemanticTuple, read_tuples
from keras_lrcn.data.video import Video, iter_video, read_video
from keras_lrcn.data.video_check import check_videos
from keras_lrcn.data.video_features import VideoFeatures, cache_video_features, feature_clips
from keras_lrcn.data.video_files import VIDEO_SUFFIXES, list_videos
from keras_lrcn.data.video_manifest import read_manifest, videos_of_manifest
from keras_lrcn.data.video_pipelines import labelled_clips
from keras_lrcn.data.video_report import CheckedVideo, VideoReport
from keras_lrcn.data.video_source import VideoError
from keras_lrcn.data.video_splits import split_videos

__all__ = [
    "CachedFeatures",
    "CaptionReport",
    "CaptionedImage",
    "CheckedVideo",
    "ClipPlan",
    "Crop",
    "DescribedVideo",
    "FlowEncoding",
    "FlowFileError",
    "FlowImages",
    "FlowStream",
    "IMAGE_SUFFIXES",
    "ImageError",
    "LabelResults",
    "LabelledVideo",
    "SemanticTuple",
    "SpokenWord",
    "TUPLE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Video",
    "VideoError",
    "VideoFeatures",
    "VideoReport",
    "cache_features",
    "cache_flow",
    "cache_video_features",
    "captioned_images",
    "check_captions",
    "check_dataset",
    "check_videos",
    "clip_frames",
    "clip_starts",
    "cut",
    "detect_format",
    "encoder_digest",
    "evaluation_crops",
    "feature_clips",
    "flow_frames",
    "flow_to_color",
    "iter_video",
    "labelled_clips",
    "list_images",
    "list_videos",
    "motion_clip",
    "motion_clips",
    "motion_video",
    "optical_flow",
    "read_captions",
    "read_charades",
    "read_charades_classes",
    "read_coco_captions",
    "read_dataset",
    "read_described_dataset",
    "read_descriptions",
    "read_flickr30k",
    "read_flickr8k",
    "read_flow",
    "read_grid",
    "read_grid_alignment",
    "read_hmdb51",
    "read_image",
    "read_karpathy",
    "read_label_results",
    "read_labelled_dataset",
    "read_labelled_videos",
    "read_labels",
    "read_manifest",
    "read_msr_vtt",
    "read_msvd",
    "read_references",
    "read_results",
    "read_splits",
    "read_tacos",
    "read_tuples",
    "read_ucf101",
    "read_video",
    "read_video_folders",
    "resize_pixels",
    "split_videos",
    "stack_label_results",
    "training_clip",
    "ucf101_classes",
    "videos_of_manifest",
    "write_flow",
    "write_motion_videos",
]
