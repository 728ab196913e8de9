package sagemaker.spark.sql;

import java.io.Serializable;
import java.util.function.Supplier;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.analysis.TypeCheckResult;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import org.apache.spark.sql.catalyst.trees.TreeNode;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import sagemaker.spark.encode.Encoding;
import sagemaker.spark.encode.RowEncoder;
import scala.collection.IndexedSeq;
import scala.collection.immutable.$colon$colon;
import scala.collection.immutable.List;
import scala.collection.immutable.List$;
import scala.collection.immutable.Seq;

/**
 * The bytes of a row; null where its label or its features are null.
 *
 * <p>Two methods are there for each of the two Scala versions that Spark is built with, because
 * their sequences differ in type: {@link #children} returns a type that is right for both, {@code
 * withNewChildrenInternal} is there twice.
 */
public final class EncodeRow extends Expression implements Serializable {
  private final Expression label;
  private final Expression features;
  private final Encoding encoding;
  private final String labelName;
  private final String featuresName;

  /** Where Spark generates no code. */
  private transient RowEncoder interpreted;

  /**
   * Encodes one row.
   *
   * @param label null if rows have none
   */
  public EncodeRow(Expression label, Expression features, Encoding encoding) {
    this(label, features, encoding, label == null ? null : nameOf(label), nameOf(features));
  }

  /** With the names by which messages call the columns, which later phases of a query forget. */
  private EncodeRow(
      Expression label,
      Expression features,
      Encoding encoding,
      String labelName,
      String featuresName) {
    this.label = label;
    this.features = features;
    this.encoding = encoding;
    this.labelName = labelName;
    this.featuresName = featuresName;
  }

  private static String nameOf(Expression column) {
    if (column instanceof NamedExpression) {
      return ((NamedExpression) column).name();
    }
    boolean isStruct = column.resolved() && column.dataType() instanceof StructType;
    return isStruct
        ? String.join(", ", ((StructType) column.dataType()).fieldNames())
        : column.sql();
  }

  @Override
  public Seq<Expression> children() {
    List<Expression> last = new $colon$colon<>(features, List$.MODULE$.empty());
    return label == null ? last : new $colon$colon<>(label, last);
  }

  /** For Scala 2.12. */
  @Override
  public Expression withNewChildrenInternal(IndexedSeq<Expression> children) {
    Expression newLabel = label == null ? null : children.apply(0);
    Expression newFeatures = children.apply(children.size() - 1);
    return new EncodeRow(newLabel, newFeatures, encoding, labelName, featuresName);
  }

  /** For Scala 2.13. */
  public TreeNode<Expression> withNewChildrenInternal(
      scala.collection.immutable.IndexedSeq<Expression> children) {
    return withNewChildrenInternal((IndexedSeq<Expression>) children);
  }

  @Override
  public DataType dataType() {
    return DataTypes.BinaryType;
  }

  @Override
  public boolean nullable() {
    return features.nullable() || label != null && label.nullable();
  }

  /** What counts rows is to be run once for each of them, in a task. */
  @Override
  public boolean deterministic() {
    return !encoding.isStrict() && super.deterministic();
  }

  @Override
  public boolean stateful() {
    return true;
  }

  @Override
  public boolean foldable() {
    return deterministic() && features.foldable() && (label == null || label.foldable());
  }

  @Override
  public String prettyName() {
    return Functions.name(encoding.format());
  }

  @Override
  public String toString() {
    return prettyName() + children().mkString("(", ", ", ")");
  }

  /** Turns the complaint of an encoder into that of Spark's analysis. */
  @Override
  public TypeCheckResult checkInputDataTypes() {
    try {
      newEncoder();
      return TypeCheckResult.TypeCheckSuccess$.MODULE$;
    } catch (IllegalArgumentException refusal) {
      return new TypeCheckResult.TypeCheckFailure(refusal.getMessage().replaceAll("\\.$", ""));
    }
  }

  private RowEncoder newEncoder() {
    return label == null
        ? encoding.rowEncoder(featuresName, features.dataType())
        : encoding.rowEncoder(labelName, label.dataType(), featuresName, features.dataType());
  }

  @Override
  public Object eval(InternalRow row) {
    if (interpreted == null) {
      interpreted = newEncoder();
    }
    return interpreted.apply(label == null ? null : label.eval(row), features.eval(row));
  }

  /**
   * Makes encoders in tasks: one for each instance of the generated code, which one thread runs.
   */
  private interface EncoderSource extends Supplier<RowEncoder>, Serializable {}

  @Override
  public ExprCode doGenCode(CodegenContext context, ExprCode result) {
    EncoderSource source = this::newEncoder;
    String encoder = EncodeRowCode.declareEncoder(context, source);
    EncodeRowCode code = new EncodeRowCode(result, encoder, features.genCode(context), features);
    return label == null ? code.plain() : code.labelled(label.genCode(context), label);
  }

  @Override
  public int productArity() {
    return 3;
  }

  @Override
  public Object productElement(int place) {
    return new Object[] {label, features, encoding}[place];
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof EncodeRow;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EncodeRow
        && encoding.equals(((EncodeRow) other).encoding)
        && children().equals(((EncodeRow) other).children());
  }

  @Override
  public int hashCode() {
    return 31 * encoding.hashCode() + children().hashCode();
  }
}
