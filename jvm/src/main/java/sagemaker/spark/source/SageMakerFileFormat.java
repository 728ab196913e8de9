package sagemaker.spark.source;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.mapreduce.Job;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.CompressionCodecs;
import org.apache.spark.sql.execution.datasources.FileFormat;
import org.apache.spark.sql.execution.datasources.OutputWriterFactory;
import org.apache.spark.sql.execution.datasources.PartitionedFile;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.sources.Filter;
import org.apache.spark.sql.types.StructType;
import sagemaker.spark.recordio.CorruptRecordException;
import sagemaker.spark.recordio.FrameReader;
import sagemaker.spark.recordio.Record;
import scala.Function1;
import scala.Option;
import scala.collection.Iterator;
import scala.collection.Seq;
import scala.collection.immutable.Map;

/**
 * The data source {@code sagemaker}: files of recordIO-protobuf.
 *
 * <p>A file is read by one task, never in pieces: its records are found only one after the other,
 * since the magic number between them may as well occur inside of them.
 *
 * <p>Methods are there twice where Spark's interface takes a sequence, which has another type in
 * each of the two Scala versions that Spark is built with.
 */
public final class SageMakerFileFormat implements FileFormat, DataSourceRegister {
  @Override
  public String shortName() {
    return "sagemaker";
  }

  @Override
  public String toString() {
    return "SageMaker";
  }

  @Override
  public OutputWriterFactory prepareWrite(
      SparkSession session, Job job, Map<String, String> options, StructType schema) {
    SourceOptions own = new SourceOptions(options);
    if (own.compression() != null) {
      CompressionCodecs.setCodecConfiguration(
          job.getConfiguration(), CompressionCodecs.getCodecClassName(own.compression()));
    }
    return new PartWriters(new WritePlan(schema, own));
  }

  /** For Scala 2.12. */
  @Override
  public Option<StructType> inferSchema(
      SparkSession session, Map<String, String> options, Seq<FileStatus> files) {
    Configuration configuration = session.sessionState().newHadoopConfWithOptions(options);
    SourceOptions own = new SourceOptions(options);
    for (Iterator<FileStatus> all = files.iterator(); all.hasNext(); ) {
      Record first = first(configuration, all.next(), own.mode());
      if (first != null) {
        return Option.apply(ReadPlan.infer(first, own));
      }
    }
    return Option.empty();
  }

  /** For Scala 2.13. */
  public Option<StructType> inferSchema(
      SparkSession session,
      Map<String, String> options,
      scala.collection.immutable.Seq<FileStatus> files) {
    return inferSchema(session, options, (Seq<FileStatus>) files);
  }

  /** The first record of a file; null if it has none, or none that can be read and need be. */
  private static Record first(Configuration configuration, FileStatus file, ReadMode mode) {
    try (FrameReader frames = PartReaders.open(configuration, file.getPath())) {
      return first(frames, mode);
    } catch (IOException error) {
      throw new UncheckedIOException("Reading failed: " + file.getPath(), error);
    }
  }

  private static Record first(FrameReader frames, ReadMode mode) throws IOException {
    long start = 0;
    try {
      boolean found = frames.next();
      start = frames.payloadStart();
      return found ? Record.parse(frames) : null;
    } catch (CorruptRecordException error) {
      if (mode == ReadMode.FAILFAST) {
        throw error.in(frames.file(), start);
      }
      return null;
    }
  }

  /** For Scala 2.12. */
  @Override
  public Function1<PartitionedFile, Iterator<InternalRow>> buildReader(
      SparkSession session,
      StructType dataSchema,
      StructType partitionSchema,
      StructType requiredSchema,
      Seq<Filter> filters,
      Map<String, String> options,
      Configuration configuration) {
    SourceOptions own = new SourceOptions(options);
    // Columns that this query does not ask for must be right as well.
    new ReadPlan(dataSchema, own);
    return new PartReaders(new ReadPlan(requiredSchema, own), session, configuration);
  }

  /** For Scala 2.13. */
  public Function1<PartitionedFile, Iterator<InternalRow>> buildReader(
      SparkSession session,
      StructType dataSchema,
      StructType partitionSchema,
      StructType requiredSchema,
      scala.collection.immutable.Seq<Filter> filters,
      Map<String, String> options,
      Configuration configuration) {
    return buildReader(
        session,
        dataSchema,
        partitionSchema,
        requiredSchema,
        (Seq<Filter>) filters,
        options,
        configuration);
  }

  // Spark compares relations by their format, for example to find a cached one.

  @Override
  public boolean equals(Object other) {
    return other instanceof SageMakerFileFormat;
  }

  @Override
  public int hashCode() {
    return getClass().hashCode();
  }
}
