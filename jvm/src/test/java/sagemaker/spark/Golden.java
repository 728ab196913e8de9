package sagemaker.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.ml.linalg.DenseMatrix;
import org.apache.spark.ml.linalg.Vectors;

/** Records that Amazon's own writer made, and the rows that they were made from. */
public final class Golden {
  private static final Path FOLDER = Paths.get(System.getProperty("golden.dir"));

  public final String name;
  public final List<String> columns = new ArrayList<>();

  /** Labels are doubles; features are vectors and matrices. */
  public final List<Object[]> rows = new ArrayList<>();

  private Golden(String name) {
    this.name = name;
  }

  public static List<Golden> all() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      List<String> names =
          files
              .map(file -> file.getFileName().toString())
              .filter(file -> file.endsWith(".json"))
              .map(file -> file.replace(".json", ""))
              .sorted()
              .collect(Collectors.toList());
      List<Golden> all = new ArrayList<>();
      for (String name : names) {
        all.add(read(name));
      }
      return all;
    }
  }

  private static Golden read(String name) throws IOException {
    Golden golden = new Golden(name);
    JsonNode json = new ObjectMapper().readTree(FOLDER.resolve(name + ".json").toFile());
    json.get("columns").forEach(column -> golden.columns.add(column.asText()));
    for (JsonNode row : json.get("rows")) {
      Object[] values = new Object[row.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = row.get(i).isObject() ? features(row.get(i)) : number(row.get(i));
      }
      golden.rows.add(values);
    }
    return golden;
  }

  public byte[] bytes() throws IOException {
    return Files.readAllBytes(FOLDER.resolve(name + ".pbr"));
  }

  /** The label of a row, or null. */
  public Double label(int row) {
    return columns.contains("label") ? (Double) rows.get(row)[columns.indexOf("label")] : null;
  }

  public Object features(int row) {
    return rows.get(row)[columns.indexOf("features")];
  }

  private static Object features(JsonNode json) {
    if (json.has("dense")) {
      return Vectors.dense(numbers(json.get("dense")));
    }
    if (json.has("sparse")) {
      JsonNode sparse = json.get("sparse");
      int[] indices =
          StreamSupport.stream(sparse.get("indices").spliterator(), false)
              .mapToInt(JsonNode::asInt)
              .toArray();
      return Vectors.sparse(sparse.get("size").asInt(), indices, numbers(sparse.get("values")));
    }
    JsonNode matrix = json.get("denseMatrix");
    return new DenseMatrix(
        matrix.get("numRows").asInt(),
        matrix.get("numCols").asInt(),
        numbers(matrix.get("values")),
        matrix.get("isTransposed").asBoolean());
  }

  private static double[] numbers(JsonNode json) {
    return StreamSupport.stream(json.spliterator(), false).mapToDouble(Golden::number).toArray();
  }

  private static double number(JsonNode json) {
    String text = json.asText();
    return text.endsWith("inf")
        ? text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY
        : Double.parseDouble(text);
  }

  @Override
  public String toString() {
    return name;
  }
}
