package sagemaker.spark.sql;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.analysis.FunctionRegistry;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.MapData;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import sagemaker.spark.encode.Encoding;
import sagemaker.spark.encode.RowFormat;
import scala.Function1;
import scala.collection.Seq;

/**
 * The SQL functions {@code sagemaker_recordio}, {@code sagemaker_libsvm} and {@code sagemaker_csv}.
 *
 * <p>Each takes the features, or a label and the features, and then, if wanted, options as a map of
 * strings: {@code sagemaker_libsvm(label, features, map('indexBase', '0'))}.
 */
public final class Functions {
  private static final String USAGE =
      "_FUNC_([label, ]features[, options]) - Returns a row as SageMaker's algorithms read it, as "
          + "binary. Null if the label or the features are null. Options are a map of strings: %s.";

  /** Registers the functions in one session. Registering them again changes nothing. */
  public void register(SparkSession session) {
    FunctionRegistry registry = session.sessionState().functionRegistry();
    for (RowFormat format : RowFormat.values()) {
      registry.createOrReplaceTempFunction(name(format), builder(format), "java_udf");
    }
  }

  static String name(RowFormat format) {
    return "sagemaker_" + format.title();
  }

  static FunctionIdentifier identifier(RowFormat format) {
    return new FunctionIdentifier(name(format));
  }

  static ExpressionInfo info(RowFormat format) {
    String options = format.options().isEmpty() ? "none" : format.options().toString();
    return new ExpressionInfo(
        EncodeRow.class.getName(), null, name(format), String.format(USAGE, options), "");
  }

  static Function1<Seq<Expression>, Expression> builder(RowFormat format) {
    return arguments -> build(format, arguments);
  }

  private static Expression build(RowFormat format, Seq<Expression> arguments) {
    List<Expression> columns = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      columns.add(arguments.apply(i));
    }
    Encoding encoding = Encoding.of(format, takeOptions(columns));
    if (columns.isEmpty() || columns.size() > 2) {
      throw new IllegalArgumentException(
          String.format(
              "Function %s has %d columns; expected features, or a label and features.",
              name(format), columns.size()));
    }
    Expression label = columns.size() == 2 ? columns.get(0) : null;
    return new EncodeRow(label, columns.get(columns.size() - 1), encoding);
  }

  /** Removes the options from the end of the arguments, if there are some. */
  private static Map<String, String> takeOptions(List<Expression> arguments) {
    Expression last = arguments.isEmpty() ? null : arguments.get(arguments.size() - 1);
    if (last == null || !(last.dataType() instanceof MapType)) {
      return Collections.emptyMap();
    }
    MapType expected = DataTypes.createMapType(DataTypes.StringType, DataTypes.StringType, false);
    if (!last.foldable() || !last.dataType().sameType(expected)) {
      throw new IllegalArgumentException(
          "Options are not constant strings: " + last.sql() + "; expected map('name', 'value').");
    }
    arguments.remove(last);
    return toMap((MapData) last.eval(null));
  }

  private static Map<String, String> toMap(MapData options) {
    Map<String, String> map = new HashMap<>();
    ArrayData names = options.keyArray();
    ArrayData values = options.valueArray();
    for (int i = 0; i < options.numElements(); i++) {
      map.put(
          String.valueOf(names.get(i, DataTypes.StringType)),
          String.valueOf(values.get(i, DataTypes.StringType)));
    }
    return map;
  }
}
