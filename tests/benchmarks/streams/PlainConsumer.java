import ai.h2o.mojos.runtime.MojoPipeline;
import ai.h2o.mojos.runtime.api.MojoPipelineService;
import ai.h2o.mojos.runtime.frame.MojoFrame;
import ai.h2o.mojos.runtime.frame.MojoFrameBuilder;
import ai.h2o.mojos.runtime.frame.MojoRowBuilder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What a team writes first: Kafka's client, Jackson and the MOJO, exactly once, a batch a poll. It checks nothing. */
public final class PlainConsumer {
    private PlainConsumer() {
    }

    /** Arguments: servers, input, output, count, messages a batch, model. Prints the seconds from the first to the last. */
    public static void main(String[] args) throws Exception {
        MojoPipeline pipeline = MojoPipelineService.loadPipeline(new File(args[5]));
        Properties reading = new Properties();
        reading.put("bootstrap.servers", args[0]);
        reading.put("group.id", args[2]);
        reading.put("auto.offset.reset", "earliest");
        reading.put("enable.auto.commit", "false");
        reading.put("isolation.level", "read_committed");
        reading.put("max.poll.records", args[4]);
        Properties writing = new Properties();
        writing.put("bootstrap.servers", args[0]);
        writing.put("transactional.id", args[2]);
        ObjectMapper json = new ObjectMapper();
        try (KafkaConsumer<byte[], byte[]> consumer =
                        new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                KafkaProducer<byte[], byte[]> producer =
                        new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            consumer.subscribe(List.of(args[1]));
            long began = 0;
            int done = 0;
            while (done < Integer.parseInt(args[3])) {
                ConsumerRecords<byte[], byte[]> batch = consumer.poll(Duration.ofMillis(100));
                if (batch.isEmpty()) {
                    continue;
                }
                began = began == 0 ? System.nanoTime() : began;
                producer.beginTransaction();
                Map<TopicPartition, OffsetAndMetadata> ends = new HashMap<>();
                List<ConsumerRecord<byte[], byte[]>> messages = new ArrayList<>();
                batch.forEach(messages::add);
                List<byte[]> scored = score(pipeline, json, messages);
                for (int i = 0; i < messages.size(); i++) {
                    ConsumerRecord<byte[], byte[]> one = messages.get(i);
                    producer.send(new ProducerRecord<>(args[2], one.key(), scored.get(i)));
                    ends.put(new TopicPartition(one.topic(), one.partition()), new OffsetAndMetadata(one.offset() + 1));
                }
                producer.sendOffsetsToTransaction(ends, consumer.groupMetadata());
                producer.commitTransaction();
                done += messages.size();
            }
            System.out.println((System.nanoTime() - began) / 1e9);
        }
    }

    private static List<byte[]> score(
            MojoPipeline pipeline, ObjectMapper json, List<ConsumerRecord<byte[], byte[]>> messages) throws Exception {
        MojoFrameBuilder frame = pipeline.getInputFrameBuilder();
        List<ObjectNode> rows = new ArrayList<>();
        String[] names = pipeline.getInputMeta().getColumnNames();
        for (ConsumerRecord<byte[], byte[]> one : messages) {
            ObjectNode row = (ObjectNode) json.readTree(one.value());
            rows.add(row);
            MojoRowBuilder builder = frame.getMojoRowBuilder();
            for (String name : names) {
                JsonNode value = row.get(name);
                if (value != null && !value.isNull()) {
                    builder.setValue(name, value.asText());
                }
            }
            frame.addRow(builder);
        }
        MojoFrame made = pipeline.transform(frame.toMojoFrame());
        for (int k = 0; k < made.getNcols(); k++) {
            String[] values = made.getColumn(k).getDataAsStrings();
            for (int i = 0; i < values.length; i++) {
                rows.get(i).put(made.getColumnName(k), Double.parseDouble(values[i]));
            }
        }
        List<byte[]> scored = new ArrayList<>();
        for (ObjectNode row : rows) {
            scored.add(json.writeValueAsBytes(row));
        }
        return scored;
    }
}
