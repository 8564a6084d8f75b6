"""`SummaryWriter`: the calls of a program; `FileWriter`: the events in one file.

What a call becomes is made in summary.py, pictures.py, projector.py and graph.py.
"""
from __future__ import annotations

import os
import time


class FileWriter:
    """Writes events to one event file, from a queue and a thread of its own."""

    def __init__(self, log_dir, max_queue=10, flush_secs=120, filename_suffix=""):
        self._arguments = (str(log_dir), max_queue, flush_secs, filename_suffix)
        self.reopen()

    def get_logdir(self):
        return self.event_writer.get_logdir()

    def add_event(self, event, step=None, walltime=None):
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)

    def add_summary(self, summary, global_step=None, walltime=None):
        from tensorboard.compat.proto.event_pb2 import Event

        self.add_event(Event(summary=summary), global_step, walltime)

    def add_graph(self, graph_profile, walltime=None):
        """Log a pair (GraphDef, RunMetadata)."""
        from tensorboard.compat.proto.event_pb2 import Event, TaggedRunMetadata

        graph, run_metadata = graph_profile
        self.add_event(Event(graph_def=graph.SerializeToString()), None, walltime)
        tagged = TaggedRunMetadata(tag="step1", run_metadata=run_metadata.SerializeToString())
        self.add_event(Event(tagged_run_metadata=tagged), None, walltime)

    def flush(self):
        self.event_writer.flush()

    def close(self):
        self.event_writer.close()

    def reopen(self):
        """After `close`, go on in a new file of the same folder."""
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self.event_writer = EventFileWriter(*self._arguments)


class SummaryWriter:
    """Logs of a run in `log_dir`, or in runs/DATE_HOST + `comment` without one.

    A `purge_step` tells TensorBoard to forget what an earlier, broken-off run logged from that step on.
    """

    def __init__(self, log_dir=None, comment="", purge_step=None, max_queue=10, flush_secs=120, filename_suffix=""):
        from rushlight.utils.tensorboard.summary import default_bins

        if not log_dir:
            import socket

            log_dir = os.path.join("runs", f"{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{comment}")
        self.log_dir = str(log_dir)
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self.file_writer = self.all_writers = None
        self._get_file_writer()
        self.default_bins = default_bins()

    def _get_file_writer(self) -> FileWriter:
        """The writer of the run's own file; after `close` a new one."""
        if self.all_writers is None or self.file_writer is None:
            self.file_writer = self._new_writer(self.log_dir)
            self.all_writers = {self.file_writer.get_logdir(): self.file_writer}
            if self.purge_step is not None:
                self._purge(self.purge_step)
                self.purge_step = None
        return self.file_writer

    def _new_writer(self, folder: str) -> FileWriter:
        return FileWriter(folder, self.max_queue, self.flush_secs, self.filename_suffix)

    def _purge(self, step: int):
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        self.file_writer.add_event(Event(step=step, file_version="brain.Event:2"))
        self.file_writer.add_event(Event(step=step, session_log=SessionLog(status=SessionLog.START)))

    def get_logdir(self):
        return self.log_dir

    # ------------------------------------------------------------------ numbers
    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False):
        """One number. `new_style` writes it as a tensor, as TensorFlow 2 does."""
        from rushlight.utils.tensorboard.summary import scalar

        summary = scalar(tag, scalar_value, new_style=new_style, double_precision=double_precision)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        """Several curves of one chart: each is a run of its own, in a folder beside."""
        from rushlight.utils.tensorboard.summary import scalar

        walltime = time.time() if walltime is None else walltime
        folder = self._get_file_writer().get_logdir()
        for tag, value in tag_scalar_dict.items():
            beside = f"{folder}/{main_tag.replace('/', '_')}_{tag}"
            if beside not in self.all_writers:
                self.all_writers[beside] = self._new_writer(beside)
            self.all_writers[beside].add_summary(scalar(main_tag, value), global_step, walltime)

    def add_tensor(self, tag, tensor, global_step=None, walltime=None):
        """A whole tensor."""
        from rushlight.utils.tensorboard.summary import tensor_proto

        self._get_file_writer().add_summary(tensor_proto(tag, tensor), global_step, walltime)

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow", walltime=None, max_bins=None):
        """How values are spread. `bins`: "tensorflow" (1549 of rising width), or what `numpy.histogram` takes."""
        from rushlight.utils.tensorboard.summary import histogram

        if isinstance(bins, str) and bins == "tensorflow":
            bins = self.default_bins
        self._get_file_writer().add_summary(histogram(tag, values, bins, max_bins=max_bins), global_step, walltime)

    def add_histogram_raw(self, tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts, global_step=None, walltime=None):
        """A histogram that was counted elsewhere: `bucket_counts[i]` values up to `bucket_limits[i]`."""
        from rushlight.utils.tensorboard.summary import histogram_raw

        if len(bucket_limits) != len(bucket_counts):
            raise ValueError("len(bucket_limits) != len(bucket_counts), see the document.")
        summary = histogram_raw(tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_pr_curve(self, tag, labels, predictions, global_step=None, num_thresholds=127, weights=None, walltime=None):
        """Precision against recall. labels: 0 or 1; predictions: probabilities of 1; both of one dimension."""
        from rushlight.utils.tensorboard.arrays import make_np
        from rushlight.utils.tensorboard.summary import pr_curve

        summary = pr_curve(tag, make_np(labels), make_np(predictions), num_thresholds, weights)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_pr_curve_raw(self, tag, true_positive_counts, false_positive_counts, true_negative_counts, false_negative_counts,
                         precision, recall, global_step=None, num_thresholds=127, weights=None, walltime=None):
        """A curve that was counted elsewhere, a number a threshold."""
        from rushlight.utils.tensorboard.summary import pr_curve_raw

        summary = pr_curve_raw(tag, true_positive_counts, false_positive_counts, true_negative_counts,
                               false_negative_counts, precision, recall, num_thresholds, weights)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_hparams(self, hparam_dict, metric_dict, hparam_domain_discrete=None, run_name=None, global_step=None):
        """Hyperparameters and what came of them, in a run of its own below the folder."""
        from rushlight.utils.tensorboard.summary import hparams

        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        summaries = hparams(hparam_dict, metric_dict, hparam_domain_discrete)
        folder = os.path.join(self._get_file_writer().get_logdir(), run_name or str(time.time()))
        with SummaryWriter(log_dir=folder) as run:
            for summary in summaries:
                run.file_writer.add_summary(summary, global_step)
            for name, value in metric_dict.items():
                run.add_scalar(name, value, global_step)

    # ------------------------------------------------------------------ pictures, sounds, texts
    def add_image(self, tag, img_tensor, global_step=None, walltime=None, dataformats="CHW"):
        """A picture: floats from 0 to 1, or uint8; `dataformats` is CHW, HWC, HW, or with an N."""
        from rushlight.utils.tensorboard.pictures import image

        self._get_file_writer().add_summary(image(tag, img_tensor, dataformats=dataformats), global_step, walltime)

    def add_images(self, tag, img_tensor, global_step=None, walltime=None, dataformats="NCHW"):
        """A batch of pictures, as one grid eight wide."""
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_image_with_boxes(self, tag, img_tensor, box_tensor, global_step=None, walltime=None, rescale=1, dataformats="CHW", labels=None):
        """A picture with boxes drawn on it: rows (xmin, ymin, xmax, ymax), and a label each."""
        from rushlight.utils.tensorboard.pictures import image_boxes

        if labels is not None:
            labels = [labels] if isinstance(labels, str) else labels
            if len(labels) != box_tensor.shape[0]:
                labels = None
        summary = image_boxes(tag, img_tensor, box_tensor, rescale=rescale, dataformats=dataformats, labels=labels)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_figure(self, tag, figure, global_step=None, close=True, walltime=None):
        """A figure of matplotlib, or a list of figures of one size; they are closed unless told otherwise."""
        from rushlight.utils.tensorboard.pictures import figure_to_image

        dataformats = "NCHW" if isinstance(figure, list) else "CHW"
        self.add_image(tag, figure_to_image(figure, close), global_step, walltime, dataformats=dataformats)

    def add_video(self, tag, vid_tensor, global_step=None, fps=4, walltime=None):
        """A video (N, T, C, H, W) as a moving GIF; it needs the package moviepy, and says so."""
        from rushlight.utils.tensorboard.pictures import video

        summary = video(tag, vid_tensor, fps)
        if summary is not None:
            self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_audio(self, tag, snd_tensor, global_step=None, sample_rate=44100, walltime=None):
        """A sound of one channel: (1, L) or (L), from -1 to 1."""
        from rushlight.utils.tensorboard.summary import audio

        self._get_file_writer().add_summary(audio(tag, snd_tensor, sample_rate=sample_rate), global_step, walltime)

    def add_text(self, tag, text_string, global_step=None, walltime=None):
        """A text, shown as Markdown."""
        from rushlight.utils.tensorboard.summary import text

        self._get_file_writer().add_summary(text(tag, text_string), global_step, walltime)

    def add_mesh(self, tag, vertices, colors=None, faces=None, config_dict=None, global_step=None, walltime=None):
        """Points or surfaces in space: vertices and colors (B, N, 3), faces (B, F, 3) of vertex indices."""
        from rushlight.utils.tensorboard.summary import mesh

        self._get_file_writer().add_summary(mesh(tag, vertices, colors, faces, config_dict), global_step, walltime)

    # ------------------------------------------------------------------ the rest
    def add_graph(self, model, input_to_model=None, verbose=False, use_strict_trace=True):
        """The modules of a model and what flows between them, seen in one run on `input_to_model`.

        `use_strict_trace` has no meaning here; it is taken for PyTorch's sake.
        """
        from rushlight.utils.tensorboard.graph import graph

        self._get_file_writer().add_graph(graph(model, input_to_model, verbose))

    def add_embedding(self, mat, metadata=None, label_img=None, global_step=None, tag="default", metadata_header=None):
        """Rows of `mat` (N, D) for the projector, with a label and a picture (N, C, H, W) each."""
        from rushlight.utils.tensorboard.projector import write_embedding

        folder = self._get_file_writer().get_logdir()
        write_embedding(folder, mat, metadata, label_img, global_step, tag, metadata_header)

    def add_custom_scalars(self, layout):
        """How the page Custom Scalars arranges charts: {category: {title: [kind, [tag, ...]]}}."""
        from rushlight.utils.tensorboard.summary import custom_scalars

        self._get_file_writer().add_summary(custom_scalars(layout))

    def add_custom_scalars_multilinechart(self, tags, category="default", title="untitled"):
        """One chart of several tags."""
        self.add_custom_scalars({category: {title: ["Multiline", tags]}})

    def add_custom_scalars_marginchart(self, tags, category="default", title="untitled"):
        """One chart of three tags: a value, and the margins below and above it."""
        if len(tags) != 3:
            raise AssertionError(f"Expected 3 tags, got {len(tags)}.")
        self.add_custom_scalars({category: {title: ["Margin", tags]}})

    def flush(self):
        """Everything logged is in the files when it returns."""
        for writer in (self.all_writers or {}).values():
            writer.flush()

    def close(self):
        for writer in (self.all_writers or {}).values():
            writer.flush()
            writer.close()
        self.file_writer = self.all_writers = None

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        self.close()
