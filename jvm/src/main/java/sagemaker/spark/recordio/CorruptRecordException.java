package sagemaker.spark.recordio;

import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Bytes that are not recordIO-protobuf.
 *
 * <p>It must not leave a task: the driver's side that receives failures cannot load classes from a
 * jar that was added to a running session. See {@link #in}.
 */
public final class CorruptRecordException extends RuntimeException {
  private final long offset;

  /** With the place of the problem in the bytes that were looked at. */
  public CorruptRecordException(String problem, long offset) {
    super(problem);
    this.offset = offset;
  }

  /**
   * The same problem in a file, or what it is decompressed to, in which those bytes begin
   * somewhere.
   */
  public UncheckedIOException in(String file, long start) {
    String message =
        String.format(
            "File %s is corrupt: %s (at byte offset %d). Write it again, or read with the option "
                + "mode=DROPMALFORMED to leave out what is corrupt.",
            file, getMessage(), start + offset);
    return new UncheckedIOException(message, new IOException(getMessage()));
  }
}
