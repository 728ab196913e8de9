package sagemaker.spark.source;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.NoSuchElementException;
import org.apache.spark.sql.catalyst.InternalRow;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sagemaker.spark.recordio.CorruptRecordException;
import sagemaker.spark.recordio.FrameReader;
import sagemaker.spark.recordio.Record;
import scala.collection.AbstractIterator;

/** The rows of one file. */
final class PartReader extends AbstractIterator<InternalRow> {
  private static final Logger LOG = LoggerFactory.getLogger(PartReader.class);

  private final FrameReader frames;
  private final ReadPlan plan;
  private final InternalRow empty;
  private InternalRow next;
  private boolean ended;

  PartReader(FrameReader frames, ReadPlan plan) {
    this.frames = frames;
    this.plan = plan;
    empty = plan.nulls();
  }

  @Override
  public boolean hasNext() {
    while (next == null && !ended) {
      next = read();
    }
    return next != null;
  }

  @Override
  public InternalRow next() {
    if (!hasNext()) {
      throw new NoSuchElementException("No more records in " + frames.file());
    }
    InternalRow row = next;
    next = null;
    return row;
  }

  /** Reads a row; null at the end, or where a corrupt record is left out. */
  private InternalRow read() {
    try {
      ended = !frames.next();
    } catch (CorruptRecordException error) {
      // Where the next record begins is unknown: the rest of the file is one corrupt record.
      ended = true;
      return corrupt(error, 0);
    } catch (IOException error) {
      throw new UncheckedIOException("Reading failed: " + frames.file(), error);
    }
    return ended ? null : rowOfFrame();
  }

  private InternalRow rowOfFrame() {
    if (plan.onlyCounts()) {
      return empty;
    }
    try {
      return plan.row(Record.parse(frames));
    } catch (CorruptRecordException error) {
      return corrupt(error, frames.payloadStart());
    }
  }

  private InternalRow corrupt(CorruptRecordException error, long start) {
    UncheckedIOException located = error.in(frames.file(), start);
    if (plan.mode() == ReadMode.FAILFAST) {
      throw located;
    }
    LOG.warn("Left out: {}", located.getMessage());
    return plan.mode() == ReadMode.PERMISSIVE ? empty : null;
  }
}
