package sagemaker.spark.source;

import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.datasources.CodecStreams;
import org.apache.spark.sql.execution.datasources.PartitionedFile;
import org.apache.spark.util.SerializableConfiguration;
import sagemaker.spark.recordio.FrameReader;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction1;

/** Opens the files of one query in its tasks. */
final class PartReaders extends AbstractFunction1<PartitionedFile, Iterator<InternalRow>>
    implements Serializable {
  private final ReadPlan plan;
  private final Broadcast<SerializableConfiguration> configuration;

  PartReaders(ReadPlan plan, SparkSession session, Configuration configuration) {
    this.plan = plan;
    this.configuration =
        JavaSparkContext.fromSparkContext(session.sparkContext())
            .broadcast(new SerializableConfiguration(configuration));
  }

  @Override
  public Iterator<InternalRow> apply(PartitionedFile file) {
    return new PartReader(open(configuration.value().value(), file.toPath()), plan);
  }

  /** Opens a file, decompressed if its name says so; in a task it is closed at the task's end. */
  static FrameReader open(Configuration configuration, Path path) {
    return new FrameReader(
        TaskContext.get() == null
            ? CodecStreams.createInputStream(configuration, path)
            : CodecStreams.createInputStreamWithCloseResource(configuration, path),
        path.toString());
  }
}
