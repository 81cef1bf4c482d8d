package naive;

import ai.h2o.mojos.runtime.MojoPipeline;
import ai.h2o.mojos.runtime.frame.MojoFrame;
import ai.h2o.mojos.runtime.frame.MojoFrameBuilder;
import ai.h2o.mojos.runtime.frame.MojoRowBuilder;
import java.util.List;
import org.apache.hadoop.hive.ql.exec.UDFArgumentException;
import org.apache.hadoop.hive.ql.metadata.HiveException;
import org.apache.hadoop.hive.ql.udf.generic.GenericUDF;
import org.apache.hadoop.hive.serde2.objectinspector.ConstantObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.ObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.PrimitiveObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.StructField;
import org.apache.hadoop.hive.serde2.objectinspector.StructObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.primitive.PrimitiveObjectInspectorFactory;

/** A function as someone would write it: a frame for each row, filled with text, and no look at any value. */
public final class NaiveScore extends GenericUDF {
    private transient MojoPipeline model;
    private transient StructObjectInspector struct;

    @Override
    public ObjectInspector initialize(ObjectInspector[] arguments) throws UDFArgumentException {
        String path = ((ConstantObjectInspector) arguments[0]).getWritableConstantValue().toString();
        try {
            model = MojoPipeline.loadFrom(path);
        } catch (Exception e) {
            throw new UDFArgumentException(e);
        }
        struct = (StructObjectInspector) arguments[1];
        return PrimitiveObjectInspectorFactory.javaDoubleObjectInspector;
    }

    @Override
    public Object evaluate(DeferredObject[] arguments) throws HiveException {
        Object given = arguments[1].get();
        MojoFrameBuilder builder = model.getInputFrameBuilder();
        MojoRowBuilder row = builder.getMojoRowBuilder();
        for (StructField field : struct.getAllStructFieldRefs()) {
            Object value = struct.getStructFieldData(given, field);
            if (value != null) {
                Object found = ((PrimitiveObjectInspector) field.getFieldObjectInspector()).getPrimitiveJavaObject(value);
                row.setValue(field.getFieldName(), found.toString());
            }
        }
        builder.addRow(row);
        MojoFrame frame = model.transform(builder.toMojoFrame());
        return (double) ((float[]) frame.getColumnData(0))[0];
    }

    @Override
    public String getDisplayString(String[] children) {
        return "naive_score" + List.of(children);
    }
}
