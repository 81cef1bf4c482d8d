package daiscoring.hive;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import org.apache.hadoop.hive.common.type.Date;
import org.apache.hadoop.hive.common.type.HiveChar;
import org.apache.hadoop.hive.common.type.HiveDecimal;
import org.apache.hadoop.hive.common.type.Timestamp;
import org.apache.hadoop.hive.common.type.TimestampTZ;
import org.apache.hadoop.hive.ql.exec.UDFArgumentException;
import org.apache.hadoop.hive.serde2.SerDeUtils;
import org.apache.hadoop.hive.serde2.objectinspector.ObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.PrimitiveObjectInspector;
import org.apache.hadoop.hive.serde2.typeinfo.DecimalTypeInfo;

/** Values of Hive as the objects of the JDK that a row scorer takes. */
final class Values {
    private Values() {
    }

    /** Refuse a column that no model has a form for. */
    static void check(String column, ObjectInspector inspector) throws UDFArgumentException {
        if (inspector.getTypeName().startsWith("interval")) {
            throw new UDFArgumentException("The column " + column + " has the type " + inspector.getTypeName()
                    + ", which no column of a model has.");
        }
    }

    static Object of(Object value, ObjectInspector inspector) {
        if (value == null) {
            return null;
        }
        if (!(inspector instanceof PrimitiveObjectInspector)) {
            return new Object[] {SerDeUtils.getJSONString(value, inspector)};
        }
        PrimitiveObjectInspector primitive = (PrimitiveObjectInspector) inspector;
        Object found = primitive.getPrimitiveJavaObject(value);
        if (found == null) {
            return null;
        }
        switch (primitive.getPrimitiveCategory()) {
            case CHAR:
                return ((HiveChar) found).getStrippedValue();
            case VARCHAR:
                return found.toString();
            case DECIMAL:
                // Hive drops the zeros at the end, which the type has.
                int scale = ((DecimalTypeInfo) primitive.getTypeInfo()).scale();
                BigDecimal decimal = ((HiveDecimal) found).bigDecimalValue();
                return decimal.scale() < scale ? decimal.setScale(scale) : decimal;
            case DATE:
                return LocalDate.ofEpochDay(((Date) found).toEpochDay());
            case TIMESTAMP:
                Timestamp time = (Timestamp) found;
                return Instant.ofEpochSecond(time.toEpochSecond(), time.getNanos());
            case TIMESTAMPLOCALTZ:
                return ((TimestampTZ) found).getZonedDateTime().toInstant();
            default:
                return found;
        }
    }
}
