package sagemaker.spark.source;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import sagemaker.spark.encode.Encoding;
import sagemaker.spark.encode.RowFormat;
import scala.Tuple2;
import scala.collection.Iterator;

/**
 * Options of the data source. Their names are not told apart by case; unknown ones are left alone.
 */
final class SourceOptions implements Serializable {
  static final String LABEL = "labelColumnName";
  static final String FEATURES = "featuresColumnName";
  private static final String RECORD_FORMAT = "recordFormat";
  private static final String MODE = "mode";
  private static final String COMPRESSION = "compression";

  private final TreeMap<String, String> options = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

  SourceOptions(scala.collection.immutable.Map<String, String> given) {
    for (Iterator<Tuple2<String, String>> pairs = given.iterator(); pairs.hasNext(); ) {
      Tuple2<String, String> pair = pairs.next();
      options.put(pair._1(), pair._2());
    }
  }

  /** Name of the column of labels; empty if there shall be none. */
  String label() {
    return options.getOrDefault(LABEL, "label");
  }

  /** Whether the user named the column of labels, so that it must be there. */
  boolean namesLabel() {
    return !options.getOrDefault(LABEL, "").isEmpty();
  }

  String features() {
    return options.getOrDefault(FEATURES, "features");
  }

  /** Name of a compression codec as Spark's own sources take it, or null. */
  String compression() {
    return options.get(COMPRESSION);
  }

  /** How rows are written, with those options that belong to it. */
  Encoding encoding() {
    RowFormat format = choice(RECORD_FORMAT, RowFormat.class, RowFormat.RECORDIO);
    Map<String, String> own = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    if (format == RowFormat.LIBSVM) { // XGBoost's reader of files makes something else of them.
      own.put("overflow", "error");
    }
    own.putAll(options);
    own.keySet().removeIf(name -> !format.options().containsKey(name));
    return Encoding.of(format, own);
  }

  /** What happens to corrupt records. */
  ReadMode mode() {
    return choice(MODE, ReadMode.class, ReadMode.FAILFAST);
  }

  private <T extends Enum<T>> T choice(String name, Class<T> type, T otherwise) {
    String value = options.get(name);
    if (value == null) {
      return otherwise;
    }
    for (T one : type.getEnumConstants()) {
      if (one.name().equals(value.toUpperCase(Locale.ROOT))) {
        return one;
      }
    }
    throw new IllegalArgumentException(
        String.format(
            "Option '%s' is unknown: '%s'; expected one of %s.",
            name, value, Arrays.toString(type.getEnumConstants())));
  }
}
