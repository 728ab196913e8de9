package sagemaker.spark.source;

import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.spark.sql.execution.datasources.CodecStreams;
import org.apache.spark.sql.execution.datasources.OutputWriter;
import org.apache.spark.sql.execution.datasources.OutputWriterFactory;
import org.apache.spark.sql.types.StructType;

/** Makes the writers of one job in its tasks. */
final class PartWriters extends OutputWriterFactory {
  private final WritePlan plan;

  PartWriters(WritePlan plan) {
    this.plan = plan;
  }

  @Override
  public String getFileExtension(TaskAttemptContext context) {
    return plan.extension() + CodecStreams.getCompressionExtension(context);
  }

  @Override
  public OutputWriter newInstance(String path, StructType schema, TaskAttemptContext context) {
    return new PartWriter(path, plan, context);
  }
}
