package sagemaker.spark.encode;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** What a row can become. */
public enum RowFormat {
  /** Framed records; with {@code fillEmpty} as XGBoost reads them. */
  RECORDIO(
      ".pbr",
      true,
      named("fillEmpty", "false", "overflow", "infinity"),
      with ->
          new RecordEncoder(
              with.flag("fillEmpty"),
              with.choice("overflow", "infinity", "error").equals("error"))),

  /** Lines of {@code label index:value ...}; without options as requests to XGBoost need them. */
  LIBSVM(
      ".libsvm",
      false,
      named("float32", "false", "indexBase", "1", "omitZeros", "false", "zeroEntry", "true"),
      with ->
          new LibSvmEncoder(
              Integer.parseInt(with.choice("indexBase", "0", "1")),
              LibSvmEncoder.ZeroEntry.valueOf(with.choice("zeroEntry", "TRUE", "FALSE", "EMPTY")),
              with.flag("omitZeros"),
              with.flag("float32"))),

  /** Lines of comma-separated values. */
  CSV(".csv", false, named(), with -> new CsvEncoder());

  private final String extension;
  private final boolean takesMatrices;
  private final Map<String, String> options;
  private final Function<Encoding, Encoder> encoder;

  RowFormat(
      String extension,
      boolean takesMatrices,
      Map<String, String> options,
      Function<Encoding, Encoder> encoder) {
    this.extension = extension;
    this.takesMatrices = takesMatrices;
    this.options = options;
    this.encoder = encoder;
  }

  /** Its name as users write it. */
  public String title() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  /** How names of files end. */
  public String extension() {
    return extension;
  }

  boolean takesMatrices() {
    return takesMatrices;
  }

  /** Names and defaults of its options. */
  public Map<String, String> options() {
    return options;
  }

  Encoder newEncoder(Encoding encoding) {
    return encoder.apply(encoding);
  }

  /** In the order of the alphabet, whatever their case. */
  private static Map<String, String> named(String... namesAndDefaults) {
    Map<String, String> options = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (int i = 0; i < namesAndDefaults.length; i += 2) {
      options.put(namesAndDefaults[i], namesAndDefaults[i + 1]);
    }
    return Collections.unmodifiableMap(options);
  }
}
