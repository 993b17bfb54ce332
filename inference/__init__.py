"""Read archives, classify them, write the rows: readers, the local engine, writers, counts, summary."""

from .archive import Archive, ArchiveFile, FileFormat
from .chunks import ChunkSizes
from .classify_archive import RunResult, classify_archive
from .columns import ColumnMapping
from .engine_local import score
from .progress import ProgressBar
from .protocol import ArticleClassifier, ClassifierFactory, ModelIdentity
from .run_counts import RunCounts
from .summary import summary_table

__all__ = [
    "Archive",
    "ArchiveFile",
    "ArticleClassifier",
    "ChunkSizes",
    "ClassifierFactory",
    "ColumnMapping",
    "FileFormat",
    "ModelIdentity",
    "ProgressBar",
    "RunCounts",
    "RunResult",
    "classify_archive",
    "score",
    "summary_table",
]
