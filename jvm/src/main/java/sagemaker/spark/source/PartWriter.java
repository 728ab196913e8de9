package sagemaker.spark.source;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.datasources.CodecStreams;
import org.apache.spark.sql.execution.datasources.OutputWriter;
import sagemaker.spark.encode.RowEncoder;
import sagemaker.spark.rows.Bytes;

/**
 * Writes one file. The file is made with the first row: an empty one would be a channel's object
 * without records, which some algorithms fail at.
 */
final class PartWriter extends OutputWriter {
  private static final int FLUSH_BYTES = 1 << 18;

  private final String path;
  private final TaskAttemptContext context;
  private final WritePlan plan;
  private final RowEncoder encoder;
  private final Bytes buffer = new Bytes();
  private OutputStream stream;
  private long rows;

  PartWriter(String path, WritePlan plan, TaskAttemptContext context) {
    this.path = path;
    this.plan = plan;
    this.context = context;
    encoder = plan.newEncoder();
  }

  @Override
  public void write(InternalRow row) {
    try {
      encoder.encode(plan.label(row), plan.features(row), buffer);
    } catch (IllegalArgumentException refusal) {
      String message = String.format("%s (Row %d of %s)", refusal.getMessage(), rows, path);
      throw new IllegalArgumentException(message, refusal);
    }
    rows++;
    if (buffer.size() >= FLUSH_BYTES) {
      flush();
    }
  }

  private void flush() {
    try {
      if (stream == null) {
        stream = CodecStreams.createOutputStream(context, new Path(path));
      }
      buffer.drainTo(stream);
    } catch (IOException error) {
      throw new UncheckedIOException("Writing failed: " + path, error);
    }
  }

  @Override
  public void close() {
    if (rows == 0) {
      return;
    }
    flush();
    try {
      stream.close();
    } catch (IOException error) {
      throw new UncheckedIOException("Writing failed: " + path, error);
    }
  }

  @Override
  public String path() {
    return path;
  }
}
