package sagemaker.spark.sql;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sagemaker.spark.WithSpark;

class FunctionsTest extends WithSpark {
  private static final String ROWS =
      "(SELECT id, IF(id = 1, NULL, id / 2) y, IF(id = 2, NULL, array(id, 0.5D)) x FROM range(4))";

  private static String text(Object bytes) {
    return new String((byte[]) bytes, US_ASCII);
  }

  @AfterEach
  void compileAgain() {
    spark.conf().unset("spark.sql.codegen.wholeStage");
    spark.conf().unset("spark.sql.codegen.factoryMode");
  }

  @ParameterizedTest
  @ValueSource(strings = {"CODEGEN_ONLY", "NO_CODEGEN"})
  void compiledAndInterpretedAlike(String mode) {
    spark.conf().set("spark.sql.codegen.wholeStage", mode.equals("CODEGEN_ONLY"));
    spark.conf().set("spark.sql.codegen.factoryMode", mode);
    List<Row> rows =
        sql("SELECT sagemaker_csv(y, x), sagemaker_csv(x), sagemaker_libsvm(y, x, map('indexBase', '0')) FROM "
                + ROWS
                + " ORDER BY id")
            .collectAsList();
    assertEquals("0,0,0.5\n", text(rows.get(0).get(0)));
    assertNull(rows.get(1).get(0));
    assertEquals("1,0.5\n", text(rows.get(1).get(1)));
    assertNull(rows.get(2).get(1));
    assertEquals("1.5,3,0.5\n", text(rows.get(3).get(0)));
    assertEquals("1.5 0:3 1:0.5\n", text(rows.get(3).get(2)));
  }

  @Test
  void recordsAreFramed() {
    byte[] record = (byte[]) sql("SELECT sagemaker_recordio(array(1.5, 2))").head().get(0);
    assertEquals(32, record.length);
    assertArrayEquals(
        new byte[] {0x0a, 0x23, (byte) 0xd7, (byte) 0xce, 24}, java.util.Arrays.copyOf(record, 5));
  }

  @Test
  void equalCallsAreRunOnce() {
    String plan =
        sql("SELECT x, sum(length(sagemaker_csv(x))), max(length(sagemaker_csv(x))) FROM "
                + ROWS
                + " GROUP BY x ORDER BY sagemaker_csv(x)")
            .queryExecution()
            .optimizedPlan()
            .toString();
    assertTrue(plan.contains("sagemaker_csv(x#"), plan);
    assertEquals(
        1,
        sql("SELECT DISTINCT sagemaker_csv(x) = sagemaker_csv(x) FROM "
                + ROWS
                + " WHERE x IS NOT NULL")
            .count());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sagemaker_recordio('text')",
        "sagemaker_recordio('text', array(1))",
        "sagemaker_recordio(array('a'))",
        "sagemaker_csv()",
        "sagemaker_csv(1, 2, array(3))",
        "sagemaker_csv(array(1), map('indexBase', '0'))",
        "sagemaker_libsvm(array(1), map('indexBase', '7'))",
        "sagemaker_libsvm(array(1), map('indexBase', 7))",
      })
  void whatCannotWorkIsRefusedBeforeItRuns(String call) {
    Exception error = assertThrows(Exception.class, () -> sql("SELECT " + call));
    assertTrue(messages(error).matches("(?s).*(expected|which has these).*"), messages(error));
  }

  @Test
  void messagesNameTheColumn() {
    Exception error =
        assertThrows(
            Exception.class,
            () ->
                sql("SELECT sagemaker_libsvm(x) FROM (SELECT array(1D / id, NULL) x FROM range(1, 3))")
                    .collect());
    assertTrue(messages(error).contains("Column 'x' holds a null: value 1"), messages(error));
  }

  @Test
  void registeringInARunningSession() {
    SparkSession other = spark.newSession();
    new Functions().register(other);
    new Functions().register(other);
    assertEquals("7\n", text(other.sql("SELECT sagemaker_csv(array(7))").head().get(0)));
  }
}
