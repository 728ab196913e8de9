package sagemaker.spark.source;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import sagemaker.spark.Golden;
import sagemaker.spark.WithSpark;

class SourceTest extends WithSpark {
  @TempDir Path folder;
  private String path;

  @BeforeEach
  void choosePath() {
    path = folder.resolve("data").toString();
  }

  private static DataFrameReader read() {
    return spark.read().format("sagemaker");
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(file -> file.getFileName().toString().startsWith("part-"))
          .sorted()
          .collect(Collectors.toList());
    }
  }

  static List<Golden> golden() throws IOException {
    return Golden.all();
  }

  @ParameterizedTest
  @MethodSource("golden")
  void amazonsFilesAreWrittenAgainAfterReading(Golden golden) throws IOException {
    Path original = Files.createDirectory(folder.resolve("original")).resolve("a.pbr");
    Files.write(original, golden.bytes());
    Dataset<Row> rows = read().load(original.toString());
    assertEquals(golden.columns, Arrays.asList(rows.columns()));
    assertEquals(golden.rows.size(), rows.count());
    rows.write().format("sagemaker").save(path);
    assertArrayEquals(golden.bytes(), Files.readAllBytes(files().get(0)));
  }

  private static final String SOME =
      "SELECT id label, array(id, id + 0.5D) features, id % 2 p FROM range(10)";

  @ParameterizedTest
  @ValueSource(strings = {"none", "gzip", "bzip2", "deflate", "snappy"})
  void compressedFilesReadBack(String codec) throws IOException {
    sql(SOME).coalesce(1).write().format("sagemaker").option("compression", codec).save(path);
    String suffix = codec.equals("none") ? ".pbr" : ".pbr.";
    assertTrue(files().get(0).toString().contains(suffix));
    assertEquals(45.0, read().load(path).selectExpr("sum(label)").head().getDouble(0));
  }

  @Test
  void filesArePartitionedAndLimited() throws IOException {
    sql(SOME)
        .coalesce(1)
        .write()
        .format("sagemaker")
        .partitionBy("p")
        .option("maxRecordsPerFile", 2)
        .save(path);
    assertEquals(6, files().size());
    Dataset<Row> back = read().load(path);
    assertEquals(Arrays.asList("label", "features", "p"), Arrays.asList(back.columns()));
    assertEquals(25.0, back.where("p = 1").selectExpr("sum(label)").head().getDouble(0));
  }

  @Test
  void emptyPartitionsWriteNoFiles() throws IOException {
    sql(SOME).repartition(20).where("label = 3").write().format("sagemaker").save(path);
    assertEquals(1, files().size());
    sql(SOME).where("label < 0").write().format("sagemaker").mode("overwrite").save(path);
    assertEquals(0, files().size());
  }

  @Test
  void columnsAreReadAsTheSchemaSays() {
    sql(SOME).write().format("sagemaker").save(path);
    Dataset<Row> floats = read().schema("features array<float>, label float").load(path);
    Row first = floats.orderBy("label").head();
    assertEquals(Arrays.asList(0f, 0.5f), first.getList(0));
    assertEquals(0f, first.getFloat(1));
    assertEquals(10, floats.count());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "features string",
        "features vector, label int",
        "features array<double>, other double"
      })
  void schemasThatCannotBeReadAreRefused(String schema) {
    sql(SOME).write().format("sagemaker").save(path);
    Exception error =
        assertThrows(
            Exception.class,
            () -> read().schema(schema.replace("vector", "array<double>")).load(path).count());
    assertTrue(error.getMessage().contains("expected"), error.getMessage());
  }

  @Test
  void labelsThatAreNamedMustBeThere() {
    Exception error =
        assertThrows(
            IllegalArgumentException.class,
            () -> sql(SOME).write().format("sagemaker").option("LABELCOLUMNNAME", "y").save(path));
    assertEquals(
        "Column 'y' is missing; expected it among: 'label', 'features', 'p'. Name another with the option labelColumnName.",
        error.getMessage());
    sql(SOME).write().format("sagemaker").option("labelColumnName", "").save(path);
    assertEquals(Arrays.asList("features"), Arrays.asList(read().load(path).columns()));
  }

  @Test
  void nullsFailTheJobByName() {
    Exception error =
        assertThrows(
            Exception.class,
            () ->
                sql("SELECT array(1) features, IF(id = 1, NULL, 2) label FROM range(2)")
                    .coalesce(1)
                    .write()
                    .format("sagemaker")
                    .save(path));
    assertTrue(messages(error).contains("Column 'label' is null"), messages(error));
    assertTrue(messages(error).contains("(Row 1 of "), messages(error));
  }

  @Test
  void corruptFilesAreErrorsWithFileAndOffsetOrLeftOut() throws IOException {
    sql(SOME).coalesce(1).write().format("sagemaker").save(path);
    Path file = files().get(0);
    byte[] bytes = Files.readAllBytes(file);
    int record = bytes.length / 10;
    bytes[3 * record + 8] = 0x0f; // A tag of no sort: this record alone is lost.
    bytes[7 * record] = 0; // The magic number: so is the rest.
    Files.delete(file);
    Path broken = file.resolveSibling("broken.pbr"); // Without a checksum beside it.
    Files.write(broken, bytes);
    Exception error = assertThrows(Exception.class, () -> read().load(path).collectAsList());
    String place =
        "broken.pbr is corrupt: field has an unknown sort: number 1, wire type 7 (at byte offset "
            + (3 * record + 8)
            + ")";
    assertTrue(messages(error).contains(place), messages(error));
    assertEquals(6, read().option("mode", "DROPMALFORMED").load(path).count());
    Dataset<Row> permissive = read().option("mode", "permissive").load(path);
    assertEquals(8, permissive.count());
    assertEquals(2, permissive.where("features IS NULL AND label IS NULL").count());
  }

  @Test
  void otherFormatsAreWrittenAsFilesOfTheirReaders() throws IOException {
    sql("SELECT id label, array(id * 0.1D, double('NaN')) features FROM range(1, 3)")
        .coalesce(1)
        .write()
        .format("sagemaker")
        .option("recordFormat", "libsvm")
        .save(path);
    assertEquals(Arrays.asList("1 0:0 1:0.1", "2 0:0 1:0.2"), Files.readAllLines(files().get(0)));
    sql(SOME)
        .where("label = 1")
        .write()
        .format("sagemaker")
        .option("recordFormat", "CSV")
        .mode("overwrite")
        .save(path);
    assertEquals(Arrays.asList("1,1,1.5"), Files.readAllLines(files().get(0)));
  }
}
