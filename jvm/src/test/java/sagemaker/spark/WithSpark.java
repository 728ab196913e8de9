package sagemaker.spark;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** One session for the tests of a class. */
public abstract class WithSpark {
  protected static SparkSession spark;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.extensions", "sagemaker.spark.sql.Extensions")
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  protected static Dataset<Row> sql(String query) {
    return spark.sql(query);
  }

  /** All messages of an error and its causes. */
  protected static String messages(Throwable error) {
    return error == null ? "" : error.getMessage() + "\n" + messages(error.getCause());
  }
}
