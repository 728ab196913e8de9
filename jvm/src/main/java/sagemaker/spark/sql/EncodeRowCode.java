package sagemaker.spark.sql;

import java.util.function.Supplier;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.codegen.Block;
import org.apache.spark.sql.catalyst.expressions.codegen.CodeBlock;
import org.apache.spark.sql.catalyst.expressions.codegen.CodeGenerator;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import scala.collection.immutable.$colon$colon;
import scala.collection.immutable.List;
import scala.collection.immutable.List$;

/**
 * The Java code that Spark compiles for {@link EncodeRow}.
 *
 * <p>It names nothing but Java's own classes: the class loader of the thread that compiles it may
 * not have those of this jar, if the jar was added to a running session.
 */
final class EncodeRowCode {
  private static final String ENCODER = "java.util.function.BiFunction";

  private final ExprCode result;
  private final String encoder;
  private final ExprCode features;
  private final Expression featuresColumn;

  EncodeRowCode(ExprCode result, String encoder, ExprCode features, Expression featuresColumn) {
    this.result = result;
    this.encoder = encoder;
    this.features = features;
    this.featuresColumn = featuresColumn;
  }

  /** Declares a variable with an encoder in the class to be generated; returns its name. */
  static String declareEncoder(CodegenContext context, Supplier<?> source) {
    String supplier = context.addReferenceObj("encoders", source, "java.util.function.Supplier");
    return context.addMutableState(
        ENCODER,
        "encoder",
        variable -> String.format("%s = (%s) %s.get();", variable, ENCODER, supplier),
        false,
        true);
  }

  ExprCode plain() {
    return code(features.code(), "null");
  }

  ExprCode labelled(ExprCode label, Expression labelColumn) {
    return code(label.code().$plus(features.code()), boxed(label, labelColumn));
  }

  private ExprCode code(Block inputs, String label) {
    String statements =
        String.format(
            "%nbyte[] %1$s = (byte[]) %2$s.apply(%3$s, %4$s);%nboolean %5$s = %1$s == null;%n",
            result.value(), encoder, label, boxed(features, featuresColumn), result.isNull());
    return new ExprCode(inputs.$plus(block(statements)), result.isNull(), result.value());
  }

  private static String boxed(ExprCode value, Expression column) {
    String object =
        CodeGenerator.isPrimitiveType(column.dataType())
            ? String.format(
                "%s.valueOf(%s)", CodeGenerator.boxedType(column.dataType()), value.value())
            : value.value().toString();
    return String.format("(%s ? null : (Object) %s)", value.isNull(), object);
  }

  /** Statements as Spark holds them. The constructor's parameters differ by version of Scala. */
  private static Block block(String statements) {
    List<String> parts = new $colon$colon<>(statements, List$.MODULE$.empty());
    try {
      return (Block) CodeBlock.class.getConstructors()[0].newInstance(parts, List$.MODULE$.empty());
    } catch (ReflectiveOperationException error) {
      throw new IllegalStateException("Spark's code blocks have changed", error);
    }
  }
}
