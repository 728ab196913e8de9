package sagemaker.spark.encode;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** What a row can become. */
public enum RowFormat {
  /** Framed records. Numbers too large for float32 become infinite, or are refused. */
  RECORDIO(
      ".pbr",
      true,
      named("fillEmpty", "false", "overflow", "allow"),
      with -> new RecordEncoder(with.flag("fillEmpty"))),

  /** Lines of {@code label index:value ...}. */
  LIBSVM(
      ".libsvm",
      false,
      named("indexBase", "1", "omitZeros", "false", "overflow", "allow", "zeroEntry", "true"),
      with ->
          new LibSvmEncoder(
              Integer.parseInt(with.choice("indexBase", "0", "1")),
              with.flag("zeroEntry"),
              with.flag("omitZeros"))),

  /** Lines of comma-separated values. */
  CSV(".csv", false, named(), with -> new CsvEncoder());

  /** Option: how many features each row has; see {@link RowSize}. */
  static final String DIM = "dim";

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
    options.put("dim", RowSize.ANY);
    options.put("numbers", NumberRule.ALL);
    options.put("nulls", "keep"); // Or "error": rows with a null are refused.
    options.put("trailer", "none"); // Or "dim": payloads end with it, as an int of 4 bytes.
    for (int i = 0; i < namesAndDefaults.length; i += 2) {
      options.put(namesAndDefaults[i], namesAndDefaults[i + 1]);
    }
    return Collections.unmodifiableMap(options);
  }
}
