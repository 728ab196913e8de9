package sagemaker.spark.source;

/** What happens to corrupt records; the names are those of Spark's own sources. */
enum ReadMode {
  /** They become rows of nulls. */
  PERMISSIVE,

  /** They are left out. */
  DROPMALFORMED,

  /** The query fails. */
  FAILFAST
}
