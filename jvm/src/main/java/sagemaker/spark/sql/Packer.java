package sagemaker.spark.sql;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Iterator;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import sagemaker.spark.rows.Bytes;

/** The chunks of one partition, and the rows that fill batches up. */
final class Packer implements Iterator<Row> {
  private static final int DIM_BYTES = 4;
  private static final Row FILLER = RowFactory.create(null, null, null);

  private final Iterator<byte[]> payloads;
  private final int chunkBytes;
  private final double fillersPerByte;
  private final Bytes chunk = new Bytes();
  private final Bytes lengths = new Bytes();
  private int fillers;

  Packer(Iterator<byte[]> payloads, int chunkBytes, double fillersPerByte) {
    this.payloads = payloads;
    this.chunkBytes = chunkBytes;
    this.fillersPerByte = fillersPerByte;
  }

  @Override
  public boolean hasNext() {
    return payloads.hasNext();
  }

  @Override
  public Row next() {
    if (fillers > 0) {
      fillers--;
      return FILLER;
    }
    return pack();
  }

  private Row pack() {
    byte[] payload = payloads.next();
    int dim = dim(payload);
    add(payload);
    while (chunk.size() < chunkBytes && payloads.hasNext()) {
      add(payloads.next());
    }
    fillers = (int) (fillersPerByte * chunk.size());
    return RowFactory.create(chunk.takeCopy(), lengths.takeCopy(), dim);
  }

  private void add(byte[] payload) {
    int length = payload.length - DIM_BYTES;
    chunk.put(payload, length);
    lengths.putInt(length);
  }

  private static int dim(byte[] payload) {
    return ByteBuffer.wrap(payload)
        .order(ByteOrder.LITTLE_ENDIAN)
        .getInt(payload.length - DIM_BYTES);
  }
}
