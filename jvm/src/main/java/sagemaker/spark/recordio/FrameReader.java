package sagemaker.spark.recordio;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Reads the records of a file one after the other, in memory that one record needs. */
public final class FrameReader implements Closeable {
  private static final int STEP_BYTES = 1 << 16;

  private final InputStream stream;
  private final String file;
  private final ByteBuffer header =
      ByteBuffer.allocate(Wire.FRAME_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private byte[] payload = new byte[0];
  private int payloadBytes;
  private long payloadStart;
  private long position;

  /**
   * Reads from a stream, which it closes.
   *
   * @param file its name, for messages
   */
  public FrameReader(InputStream stream, String file) {
    this.stream = new BufferedInputStream(stream, STEP_BYTES);
    this.file = file;
  }

  public String file() {
    return file;
  }

  /** Where the payload lies in the file. */
  public long payloadStart() {
    return payloadStart;
  }

  /** The bytes of the record, from 0 to {@link #payloadBytes}; overwritten by the next one. */
  public byte[] payload() {
    return payload;
  }

  public int payloadBytes() {
    return payloadBytes;
  }

  /**
   * Reads the next record.
   *
   * @return false at the end of the file
   * @throws CorruptRecordException if there is none; then nothing more can be read
   */
  public boolean next() throws IOException {
    int found = read(header.array(), 0, Wire.FRAME_BYTES);
    if (found == 0) {
      return false;
    }
    payloadBytes = checkHeader(found);
    payloadStart = position;
    readPayload(payloadBytes + Wire.padding(payloadBytes));
    return true;
  }

  private int checkHeader(int found) {
    long start = position - found;
    int magic = header.getInt(0);
    int known = Math.min(found, 4);
    byte[] expected =
        ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(Wire.MAGIC).array();
    if (!Arrays.equals(Arrays.copyOf(header.array(), known), Arrays.copyOf(expected, known))) {
      throw new CorruptRecordException(
          String.format("record has no magic number: 0x%08x; expected 0x%08x", magic, Wire.MAGIC),
          start);
    }
    if (found < Wire.FRAME_BYTES) {
      throw new CorruptRecordException("record is cut short in its header", position);
    }
    int length = header.getInt(4);
    if (length < 0 || length > Wire.MAX_PAYLOAD_BYTES) {
      throw new CorruptRecordException(
          String.format(
              "record is one of several parts: length word 0x%08x; expected a whole record",
              length),
          start + 4);
    }
    return length;
  }

  /** Makes room only as bytes arrive: the length may be nonsense. */
  private void readPayload(int bytes) throws IOException {
    int have = 0;
    while (have < bytes) {
      int step = Math.min(bytes, Math.max(payload.length, 2 * have + STEP_BYTES));
      if (payload.length < step) {
        payload = Arrays.copyOf(payload, step);
      }
      int wanted = Math.min(bytes, payload.length) - have;
      int found = read(payload, have, wanted);
      have += found;
      if (found < wanted) {
        throw new CorruptRecordException(
            String.format(
                "record is cut short: %d bytes; expected %d with its padding", have, bytes),
            position);
      }
    }
  }

  /** Reads so many bytes, or fewer at the end of the file. */
  private int read(byte[] target, int start, int wanted) throws IOException {
    int done = 0;
    while (done < wanted) {
      int found = readSome(target, start + done, wanted - done);
      if (found < 0) {
        break;
      }
      done += found;
      position += found;
    }
    return done;
  }

  private int readSome(byte[] target, int start, int wanted) throws IOException {
    try {
      return stream.read(target, start, wanted);
    } catch (EOFException error) { // So decompressors complain; other streams just end.
      throw new CorruptRecordException("compressed data is cut short", position);
    }
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }
}
