package sagemaker.spark.sql;

import java.util.Iterator;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Packs encoded rows into chunks, so that Python gets few of them at a time.
 *
 * <p>Spark sends rows to Python in batches of a number of rows that the user's conf says, whatever
 * their size: with 10,000 rows, which it says by default, a batch may have any number of bytes, and
 * both sides hold several. So rows become chunks of many rows, and each chunk is followed by as
 * many rows of nulls, which weigh nothing, as it takes to end a batch after about so many bytes.
 */
public final class Chunks implements MapPartitionsFunction<byte[], Row> {
  /** Fits into the processor's cache, and into no region of the heap of its own. */
  private static final int CHUNK_BYTES = 1 << 18;

  private static final StructType SCHEMA =
      new StructType()
          .add("payloads", DataTypes.BinaryType)
          .add("lengths", DataTypes.BinaryType)
          .add("dim", DataTypes.IntegerType);

  private final double fillersPerByte;

  private Chunks(double fillersPerByte) {
    this.fillersPerByte = fillersPerByte;
  }

  /**
   * Packs a column of payloads that end with their dim.
   *
   * @param encoded rows of one binary column without nulls
   * @param fillers rows of nulls for each batch: as many as end it
   * @param batchBytes bytes that a batch is to have at most, more or less
   * @return rows of payloads, their lengths as ints of 4 bytes, little-endian, and the dim of the
   *     first of them; or of nulls
   */
  public static Dataset<Row> of(Dataset<Row> encoded, int fillers, int batchBytes) {
    double fillersPerByte = fillers / (double) batchBytes;
    return encoded
        .as(Encoders.BINARY())
        .mapPartitions(new Chunks(fillersPerByte), Encoders.row(SCHEMA));
  }

  @Override
  public Iterator<Row> call(Iterator<byte[]> payloads) {
    return new Packer(payloads, CHUNK_BYTES, fillersPerByte);
  }
}
