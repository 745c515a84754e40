"""One stream on its way into a Delta table: its documents and their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from singer_amazon.errors import ConfigError
from target_s3.delta.documents import Document, ManifestRow, Values
from target_s3.delta.spool import RowSpool
from target_s3.object_writer import OutputStream


class DeltaStream:
    """Rows that wait for their commit; without ``replace_by`` they are appended.

    ``opened`` gives the number of the state tracker to a document that begins.
    """

    def __init__(
        self,
        output: OutputStream,
        new_file: Callable[[], BinaryIO],
        opened: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        self.output = output
        self.replace_by: tuple[str, ...] = ()
        self.is_report = False
        """Whether the tap says that its documents cover values whole."""
        self.is_mapped = False
        """Whether stream maps or flattening change its rows."""
        self.expects_manifest = False
        self.emptied: set[Values] = set()
        """Values that this run has emptied without a manifest."""
        self.documents: list[Document] = []
        self._spool = RowSpool(new_file)
        self._opened = opened
        self._monotonic = monotonic
        self._open: Document | None = None

    @property
    def name(self) -> str:
        """The stream's name, as rows leave us."""
        return self.output.name

    @property
    def disk_bytes(self) -> int:
        """Bytes of disk taken."""
        return self._spool.end

    @property
    def confirmed(self) -> list[Document]:
        """Documents that a STATE has confirmed; they come first."""
        return [d for d in self.documents if d.is_confirmed]

    def add(self, row: bytes) -> bool:
        """Add a row; say whether the file on disk has grown by it."""
        if self._open is None:
            self._begin()
        if not self._spool.add(row):
            return False
        self._flush()
        return True

    def expect_manifest(self) -> None:
        """Note that manifests come in this run: without one no document is whole.

        Raises:
            ConfigError: its rows are not those that a manifest counts.
        """
        if self.expects_manifest or not (self.is_report and self.replace_by):
            return
        if self.is_mapped:
            msg = (
                f"Stream {self.name}: with write_mode replace its rows are counted, so "
                "stream_maps and flattening must leave it alone here; the tap's own "
                "stream_maps work, as does write_mode append."
            )
            raise ConfigError(msg)
        self.expects_manifest = True
        for document in self.documents:
            document.is_confirmed = document.has_manifest and document.is_confirmed

    def expect(self, row: ManifestRow) -> None:
        """Take in a row of the manifest of the document that has just ended.

        Raises:
            ConfigError: what the table is replaced by is not what it covers.
        """
        self._check_columns(row)
        self._flush()
        last = self.documents[-1] if self.documents else None
        is_more = (
            self._open is None
            and last is not None
            and last.has_manifest
            and not last.is_confirmed
            and last.report_id == row.report_id
        )
        document = last if is_more else self._claimed()
        assert document is not None  # noqa: S101 - for the type checker
        document.expect(self.replace_by, row)
        self._open = None

    def confirm(self) -> None:
        """Note that a STATE has come: what is whole is confirmed by it."""
        if self._open and not self.expects_manifest:
            self._flush()
            self._open.is_confirmed = True
            self._open = None
            self._join()
        for document in self.documents:
            if document.has_manifest:
                document.is_confirmed = True

    def end_open(self) -> None:
        """End the open document, whose rows are to be appended."""
        self._flush()
        self._open = None

    def read(self, document: Document) -> Iterator[bytes]:
        """Yield the document's rows as JSON lines, some at a time."""
        return self._spool.read(document)

    def drop(self, documents: Sequence[Document]) -> None:
        """Forget the first documents: they are committed, or refused."""
        if not documents:
            return
        end = documents[-1].end
        del self.documents[: len(documents)]
        self._spool.drop(end)
        for document in self.documents:
            document.start -= end
            document.end -= end

    def discard(self) -> None:
        """Forget everything."""
        self.documents.clear()
        self._open = None
        self._spool.discard()

    def _begin(self) -> Document:
        end = self._spool.end
        self._open = Document(end, self._monotonic(), end, numbers=[self._opened()])
        self.documents.append(self._open)
        return self._open

    def _flush(self) -> None:
        rows = self._spool.flush()
        if rows and self._open:
            self._open.rows += rows
            self._open.end = self._spool.end

    def _claimed(self) -> Document:
        """Return the document that a manifest speaks of: all rows without one."""
        document = self._open or self._begin()
        while len(self.documents) > 1 and not self.documents[-2].has_manifest:
            document.take_over(self.documents.pop(-2))
        document.is_confirmed = False
        return document

    def _join(self) -> None:
        """Make one document of the last two, if neither has a manifest."""
        if len(self.documents) > 1 and not self.documents[-2].has_manifest:
            self.documents[-1].take_over(self.documents.pop(-2))

    def _check_columns(self, row: ManifestRow) -> None:
        covers = set(row.covers or self.replace_by)
        if not covers <= set(self.replace_by):
            more = ", ".join(sorted(covers - set(self.replace_by)))
            msg = (
                f"Stream {self.name}: replace_by names "
                f"{', '.join(self.replace_by)}, but its documents cover rows by "
                f"{', '.join(row.covers or ())}: a replacement would remove rows of "
                f"other documents. Add {more} to replace_by, or leave it out."
            )
            raise ConfigError(msg)
        if covers < set(self.replace_by):
            # The document has all rows of these values, so finer ones, too.
            self.replace_by = tuple(c for c in self.replace_by if c in covers)
