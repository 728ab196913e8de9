package sagemaker.spark.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import sagemaker.spark.Golden;
import sagemaker.spark.recordio.FrameReader;

/** Whatever bytes a file has, reading it ends in rows or in an error that names the place. */
class FuzzTest {
  private static final int ROUNDS = 4000;
  private static final DataType[] TYPES = {
    SQLDataTypes.VectorType(),
    SQLDataTypes.MatrixType(),
    DataTypes.createArrayType(DataTypes.FloatType)
  };

  private static final Pattern PLACE =
      Pattern.compile("^File file is corrupt: .*\\(at byte offset (\\d+)\\)");

  private final Random random = new Random(3);

  private static ReadPlan plan(DataType type, String mode) {
    StructType schema = new StructType().add("label", DataTypes.DoubleType).add("features", type);
    scala.collection.immutable.Map<String, String> none =
        scala.collection.immutable.Map$.MODULE$.empty();
    return new ReadPlan(schema, new SourceOptions(none.updated("mode", mode)));
  }

  /** How many rows there are; -1 if the file is refused. */
  private static int rows(byte[] file, ReadPlan plan) {
    PartReader reader =
        new PartReader(new FrameReader(new ByteArrayInputStream(file), "file"), plan);
    int rows = 0;
    try {
      while (reader.hasNext()) {
        reader.next();
        rows++;
      }
    } catch (UncheckedIOException error) {
      Matcher message = PLACE.matcher(error.getMessage());
      assertTrue(message.find(), error.getMessage());
      assertTrue(Long.parseLong(message.group(1)) <= file.length, error.getMessage());
      return -1;
    }
    return rows;
  }

  private void check(byte[] file) {
    for (DataType type : TYPES) {
      int strict = rows(file, plan(type, "failfast"));
      int dropped = rows(file, plan(type, "dropMalformed"));
      int kept = rows(file, plan(type, "PERMISSIVE"));
      assertTrue(0 <= dropped && dropped <= kept);
      assertTrue(strict == -1 ? dropped < kept : strict == dropped && strict == kept);
    }
  }

  @Test
  void goldenFilesReadInFull() throws IOException {
    for (Golden golden : Golden.all()) {
      boolean isMatrix = golden.name.startsWith("matrix");
      DataType type = isMatrix ? SQLDataTypes.MatrixType() : SQLDataTypes.VectorType();
      assertEquals(golden.rows.size(), rows(golden.bytes(), plan(type, "failfast")));
    }
  }

  @Test
  void cutFilesAreRefusedAtEveryPlace() throws IOException {
    for (Golden golden : Golden.all()) {
      byte[] file = golden.bytes();
      int step = Math.max(1, file.length / 300);
      for (int size = 0; size < file.length; size += step) {
        check(Arrays.copyOf(file, size));
      }
    }
  }

  @Test
  void changedFilesEndInRowsOrNamedErrors() throws IOException {
    List<Golden> all = Golden.all();
    for (int round = 0; round < ROUNDS; round++) {
      byte[] file = all.get(random.nextInt(all.size())).bytes();
      for (int change = 0; change <= random.nextInt(4); change++) {
        // Most of what matters is in the first record's head.
        int place = random.nextInt(random.nextBoolean() ? Math.min(64, file.length) : file.length);
        file[place] =
            (byte)
                (random.nextBoolean() ? random.nextInt(256) : file[place] ^ 1 << random.nextInt(8));
      }
      check(file);
    }
  }

  @Test
  void anyPayloadEndsInRowsOrNamedErrors() {
    byte[] magic = {0x0a, 0x23, (byte) 0xd7, (byte) 0xce};
    for (int round = 0; round < ROUNDS; round++) {
      byte[] file = new byte[8 + 4 * random.nextInt(12)];
      random.nextBytes(file);
      System.arraycopy(magic, 0, file, 0, 4);
      file[4] = (byte) (file.length - 8);
      file[5] = file[6] = file[7] = 0;
      for (int place = 8; place < file.length; place++) {
        file[place] =
            random.nextBoolean()
                ? (byte) (random.nextInt(4) << 3 | random.nextInt(6))
                : file[place];
      }
      check(file);
    }
  }

  @Test
  void anyBytesEndInRowsOrNamedErrors() {
    for (int round = 0; round < ROUNDS; round++) {
      byte[] file = new byte[random.nextInt(40)];
      random.nextBytes(file);
      check(file);
    }
  }
}
