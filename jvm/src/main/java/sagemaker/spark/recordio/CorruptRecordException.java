package sagemaker.spark.recordio;

/** Bytes that are not recordIO-protobuf; the message names the file and the place. */
public final class CorruptRecordException extends RuntimeException {
  private final String problem;
  private final long offset;

  public CorruptRecordException(String problem, long offset) {
    super(problem);
    this.problem = problem;
    this.offset = offset;
  }

  /** The same in a file. */
  public CorruptRecordException(CorruptRecordException cause, String file, long start) {
    super(
        String.format(
            "File %s is corrupt: %s (at byte offset %d). Write it again, or read with the option "
                + "mode=DROPMALFORMED to leave out what is corrupt.",
            file, cause.problem, start + cause.offset),
        cause);
    this.problem = cause.problem;
    this.offset = start + cause.offset;
  }

  /** Where the problem is: in the file, or what a file is decompressed to. */
  public long offset() {
    return offset;
  }
}
