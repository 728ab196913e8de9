package sagemaker.spark.encode;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.linalg.DenseMatrix;
import org.apache.spark.ml.linalg.Matrix;
import org.apache.spark.ml.linalg.MatrixUDT;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.SparseMatrix;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.VectorUDT;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import sagemaker.spark.Golden;
import sagemaker.spark.rows.Bytes;

class EncodersTest {
  private static final DataType VECTOR = SQLDataTypes.VectorType();
  private static final DataType MATRIX = SQLDataTypes.MatrixType();

  static List<Golden> golden() throws IOException {
    return Golden.all();
  }

  private static InternalRow row(Object features) {
    return features instanceof Matrix
        ? new MatrixUDT().serialize((Matrix) features)
        : new VectorUDT().serialize((Vector) features);
  }

  private static Encoding encoding(RowFormat format, String... options) {
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < options.length; i += 2) {
      map.put(options[i], options[i + 1]);
    }
    return Encoding.of(format, map);
  }

  private static String line(RowFormat format, Object label, Object features, String... options) {
    RowEncoder encoder =
        encoding(format, options).rowEncoder("y", DataTypes.DoubleType, "x", VECTOR);
    return new String(encoder.apply(label, row(features)), US_ASCII);
  }

  private static String libsvm(Object label, Object features, String... options) {
    return line(RowFormat.LIBSVM, label, features, options);
  }

  private static String refusal(Runnable encode) {
    String message = assertThrows(IllegalArgumentException.class, encode::run).getMessage();
    return message.replaceFirst("^Row \\d+: ", "");
  }

  @ParameterizedTest
  @MethodSource("golden")
  void recordsAreAmazons(Golden golden) throws IOException {
    DataType type = golden.features(0) instanceof Matrix ? MATRIX : VECTOR;
    Encoding encoding = encoding(RowFormat.RECORDIO);
    RowEncoder encoder =
        golden.label(0) == null
            ? encoding.rowEncoder("features", type)
            : encoding.rowEncoder("label", DataTypes.DoubleType, "features", type);
    Bytes out = new Bytes();
    for (int i = 0; i < golden.rows.size(); i++) {
      encoder.encode(golden.label(i), row(golden.features(i)), out);
    }
    assertArrayEquals(golden.bytes(), out.take());
  }

  @Test
  void recordsOfSparseMatricesKeepTheOrderOfStorage() {
    Matrix matrix =
        new SparseMatrix(
            3,
            4,
            new int[] {0, 0, 3, 5, 6},
            new int[] {0, 1, 2, 0, 1, 1},
            new double[] {1, 2, 3, 4, 5, 6});
    RowEncoder encoder = encoding(RowFormat.RECORDIO).rowEncoder("x", MATRIX);
    assertTrue(
        hex(encoder.apply(null, row(matrix)))
            .endsWith("0000c040" + "1206010509020607" + "1a020304"));
    String transposed = hex(encoder.apply(null, row(matrix.transpose())));
    assertTrue(transposed.endsWith("0000c040" + "120603040506070a" + "1a020403"));
  }

  private static String hex(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte one : bytes) {
      text.append(String.format("%02x", one));
    }
    return text.toString();
  }

  @Test
  void sparseRecordsWithoutValuesAreFilledOnDemand() {
    Vector empty = Vectors.sparse(4, new int[0], new double[0]);
    byte[] bare = encoding(RowFormat.RECORDIO).rowEncoder("x", VECTOR).apply(null, row(empty));
    byte[] filled =
        encoding(RowFormat.RECORDIO, "FILLEMPTY", "TRUE")
            .rowEncoder("x", VECTOR)
            .apply(null, row(empty));
    assertEquals("0a23d7ce110000000a0f0a0676616c75657312051203" + "1a0104000000", hex(bare));
    assertEquals(
        "0a23d7ce1a0000000a180a0676616c756573120e120c" + "0a0400000000" + "1201001a01040000",
        hex(filled));
  }

  @Test
  void numbersTooLargeAreInfiniteOrRefused() {
    Object large = row(Vectors.dense(1, 1e39));
    byte[] record = encoding(RowFormat.RECORDIO).rowEncoder("x", VECTOR).apply(null, large);
    assertTrue(hex(record).endsWith("0000803f0000807f"));
    RowEncoder strict = encoding(RowFormat.RECORDIO, "overflow", "error").rowEncoder("x", VECTOR);
    assertTrue(
        refusal(() -> strict.apply(null, large))
            .startsWith("Column 'x' holds a number too large for float32: 1.0E39"));
    byte[] infinite = strict.apply(null, row(Vectors.dense(1, Double.POSITIVE_INFINITY)));
    assertArrayEquals(record, infinite);
  }

  @Test
  void libsvmCountsFromOneAndMarksEachRow() {
    assertEquals("1.5 0:0 1:1 2:0 3:-0.5\n", libsvm(1.5, Vectors.dense(1, 0, -0.5)));
    assertEquals(
        "0 0:0 2:7 4:0\n", libsvm(0.0, Vectors.sparse(4, new int[] {1, 3}, new double[] {7, 0})));
  }

  @Test
  void libsvmOptions() {
    Vector some = Vectors.sparse(4, new int[] {1, 3}, new double[] {7, 0});
    assertEquals("0 0:0 1:7 3:0\n", libsvm(0.0, some, "indexBase", "0"));
    assertEquals("0 0:3\n", libsvm(0.0, Vectors.dense(3), "indexBase", "0"));
    assertEquals("0 0:0\n", libsvm(0.0, Vectors.dense(0), "indexBase", "0", "omitZeros", "true"));
    assertEquals("0 2:7\n", libsvm(0.0, some, "omitZeros", "true", "zeroEntry", "false"));
    assertEquals("0\n", libsvm(0.0, Vectors.dense(new double[0]), "zeroEntry", "false"));
  }

  @Test
  void libsvmLeavesOutNanAndRefusesInfinity() {
    assertEquals("1 0:0 2:2\n", libsvm(1.0, Vectors.dense(Double.NaN, 2)));
    String refusal = refusal(() -> libsvm(1.0, Vectors.dense(1, Double.NEGATIVE_INFINITY)));
    assertTrue(
        refusal.startsWith("Column 'x' holds a number that LibSVM cannot say: -Infinity"), refusal);
    assertTrue(refusal(() -> libsvm(Double.NaN, Vectors.dense(1))).startsWith("The label holds"));
    assertTrue(
        refusal(() -> libsvm(1.0, Vectors.dense(1e39), "overflow", "error")).contains("float32"));
  }

  @Test
  void csvFillsUpSparseRows() {
    assertEquals("1,0.5,nan,-0\n", line(RowFormat.CSV, 1.0, Vectors.dense(0.5, Double.NaN, -0.0)));
    Vector sparse = Vectors.sparse(5, new int[] {1, 3}, new double[] {7, 1e-7});
    assertEquals("2,0,7,0,1e-7,0\n", line(RowFormat.CSV, 2.0, sparse));
    assertTrue(
        refusal(() -> line(RowFormat.CSV, 1.0, Vectors.dense(new double[0])))
            .contains("are empty"));
  }

  @Test
  void labelsAndArraysOfAnyNumber() {
    Object[][] cases = {
      {DataTypes.BooleanType, true, "1"},
      {DataTypes.ByteType, (byte) -3, "-3"},
      {DataTypes.ShortType, (short) 300, "300"},
      {DataTypes.IntegerType, 70000, "70000"},
      {DataTypes.LongType, Long.MAX_VALUE, "9223372036854775807"},
      {DataTypes.FloatType, 0.1f, "0.1"},
      {DataTypes.DoubleType, 0.1, "0.1"},
      {DataTypes.createDecimalType(10, 2), Decimal.apply("12.50"), "12.5"},
    };
    for (Object[] one : cases) {
      DataType type = (DataType) one[0];
      RowEncoder encoder =
          encoding(RowFormat.CSV).rowEncoder("y", type, "x", DataTypes.createArrayType(type, true));
      byte[] line = encoder.apply(one[1], new GenericArrayData(new Object[] {one[1], one[1]}));
      assertEquals(one[2] + "," + one[2] + "," + one[2] + "\n", new String(line, US_ASCII));
    }
  }

  @Test
  void structsAreReadInTheNarrowestTypeForAll() {
    Object[] three = {(short) 1, 0.1f, 16777217};
    assertEquals("1,0.1\n", struct(three, DataTypes.ShortType, DataTypes.FloatType));
    assertEquals(
        "1,0.10000000149011612,16777217\n",
        struct(three, DataTypes.ShortType, DataTypes.FloatType, DataTypes.IntegerType));
    assertEquals(
        "9223372036854775807,2\n",
        struct(new Object[] {Long.MAX_VALUE, (byte) 2}, DataTypes.LongType, DataTypes.ByteType));
    assertTrue(
        refusal(() -> struct(new Object[] {null}, DataTypes.LongType)).contains("field 'c0'"));
  }

  private static String struct(Object[] values, DataType... types) {
    StructType type = new StructType();
    for (int i = 0; i < types.length; i++) {
      type = type.add("c" + i, types[i]);
    }
    RowEncoder encoder = encoding(RowFormat.CSV).rowEncoder("x", type);
    return new String(encoder.apply(null, new GenericInternalRow(values)), US_ASCII);
  }

  @Test
  void nullsAreKeptOrRefusedByName() {
    assertNull(encoding(RowFormat.CSV).rowEncoder("x", VECTOR).apply(null, null));
    RowEncoder encoder =
        encoding(RowFormat.RECORDIO, "nulls", "error")
            .rowEncoder(
                "y", DataTypes.LongType, "x", DataTypes.createArrayType(DataTypes.LongType));
    Object array = new GenericArrayData(new Object[] {1L, null});
    assertTrue(refusal(() -> encoder.apply(null, array)).startsWith("Column 'y' is null"));
    assertTrue(refusal(() -> encoder.apply(1L, null)).startsWith("Column 'x' is null"));
    assertTrue(
        refusal(() -> encoder.apply(1L, array)).startsWith("Column 'x' holds a null: value 1"));
  }

  @Test
  void refusalsNameTheRow() {
    RowEncoder encoder =
        encoding(RowFormat.CSV, "dim", "same", "nulls", "error").rowEncoder("x", VECTOR);
    encoder.apply(null, row(Vectors.dense(1, 2)));
    assertEquals(
        "Row 1: Column 'x' holds rows of the wrong size: 1 values; expected 2. Give all rows the "
            + "same size.",
        assertThrows(
                IllegalArgumentException.class, () -> encoder.apply(null, row(Vectors.dense(1))))
            .getMessage());
    encoder.apply(null, row(Vectors.sparse(2, new int[] {1}, new double[] {1})));
  }

  @Test
  void sizesAreChecked() {
    RowEncoder encoder = encoding(RowFormat.CSV, "dim", "2").rowEncoder("x", VECTOR);
    assertTrue(refusal(() -> encoder.apply(null, row(Vectors.dense(1)))).contains("expected 2"));
    assertTrue(refusal(() -> encoding(RowFormat.CSV, "dim", "some")).contains("'some'"));
  }

  @Test
  void numbersAreChecked() {
    Vector nan = Vectors.dense(1, Double.NaN);
    Vector infinite = Vectors.dense(1, Double.POSITIVE_INFINITY);
    assertEquals("1,1,NaN\n".toLowerCase(), line(RowFormat.CSV, 1.0, nan, "numbers", "nan"));
    for (String[] refused :
        new String[][] {{"nan", "Infinity"}, {"finite", "Infinity"}, {"finite", "NaN"}}) {
      Vector some = refused[1].equals("NaN") ? nan : infinite;
      String message = refusal(() -> line(RowFormat.CSV, 1.0, some, "numbers", refused[0]));
      assertTrue(message.startsWith("Column 'x' holds an invalid number: " + refused[1]), message);
    }
    assertTrue(
        refusal(() -> line(RowFormat.CSV, Double.NaN, Vectors.dense(1), "numbers", "nan"))
            .startsWith("The label holds an invalid number: NaN; expected finite numbers. "));
  }

  @Test
  void theLargestNumbersAreOrdinary() {
    double largest = Math.nextDown(0x1.ffffffp127);
    Vector numbers = Vectors.dense(largest, -largest, Float.MAX_VALUE, Double.MIN_VALUE, -0.0);
    RowEncoder strict =
        encoding(RowFormat.RECORDIO, "overflow", "error", "numbers", "finite")
            .rowEncoder("x", VECTOR);
    strict.apply(null, row(numbers));
    assertTrue(
        refusal(() -> strict.apply(null, row(Vectors.dense(0x1.ffffffp127))))
            .contains("too large for float32"));
  }

  @Test
  void theDimMayFollow() {
    Vector sparse = Vectors.sparse(300, new int[] {1}, new double[] {1});
    byte[] plain = encoding(RowFormat.LIBSVM).rowEncoder("x", VECTOR).apply(null, row(sparse));
    byte[] longer =
        encoding(RowFormat.LIBSVM, "trailer", "dim")
            .rowEncoder("x", VECTOR)
            .apply(null, row(sparse));
    assertEquals(hex(plain) + "2c010000", hex(longer));
  }

  @Test
  void vectorsThatContradictThemselvesAreRefused() {
    RowEncoder encoder = encoding(RowFormat.RECORDIO).rowEncoder("x", VECTOR);
    assertTrue(
        refusal(() -> encoder.apply(null, sparse(3, 3)))
            .contains("out of range: 3; expected 0 to 2"));
    assertTrue(refusal(() -> encoder.apply(null, sparse(3, -1))).contains("out of range: -1"));
    assertTrue(
        refusal(() -> encoder.apply(null, sparse(3, 1, 2))).contains("2 indices for 1 values"));
    RowEncoder matrices = encoding(RowFormat.RECORDIO).rowEncoder("x", MATRIX);
    InternalRow broken = row(new DenseMatrix(2, 2, new double[] {1, 2, 3, 4}));
    broken.setInt(1, 3);
    assertTrue(refusal(() -> matrices.apply(null, broken)).contains("has 4 values; expected 6"));
  }

  private static InternalRow sparse(int size, Integer... indices) {
    return new GenericInternalRow(
        new Object[] {
          (byte) 0, size, new GenericArrayData(indices), new GenericArrayData(new Object[] {1.0})
        });
  }

  @Test
  void wrongTypesAndOptionsAreRefusedBeforeAnyRow() {
    Encoding records = encoding(RowFormat.RECORDIO);
    assertEquals(
        "Column 'x' has the wrong type: string; expected a vector, a matrix, or an array or a struct of numbers.",
        refusal(() -> records.rowEncoder("x", DataTypes.StringType)));
    assertTrue(
        refusal(() -> encoding(RowFormat.CSV).rowEncoder("x", MATRIX))
            .contains("wrong type: matrix"));
    assertTrue(
        refusal(() -> records.rowEncoder("y", DataTypes.StringType, "x", VECTOR))
            .equals("Column 'y' has the wrong type: string; expected a number or a boolean."));
    assertTrue(
        refusal(() -> encoding(RowFormat.LIBSVM, "indexBase", "2"))
            .contains("expected one of [0, 1]"));
    assertTrue(
        refusal(() -> encoding(RowFormat.CSV, "indexBase", "1"))
            .contains("unknown to the format csv"));
  }
}
