import ai.h2o.mojos.runtime.MojoPipeline;
import ai.h2o.mojos.runtime.api.MojoPipelineService;
import ai.h2o.mojos.runtime.frame.MojoFrame;
import ai.h2o.mojos.runtime.frame.MojoFrameBuilder;
import ai.h2o.mojos.runtime.frame.MojoRowBuilder;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * What a team writes first: the JDK's HTTP server, a pool of threads, and the MOJO scored row by row, as H2O's own
 * scorer does it. It takes H2O's requests whose values are all texts without escapes, and checks nothing.
 */
public final class BareServer {
    private BareServer() {
    }

    /** Arguments: the model, the port. */
    public static void main(String[] args) throws Exception {
        MojoPipeline pipeline = MojoPipelineService.loadPipeline(new File(args[0]));
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[1]));
        HttpServer server = HttpServer.create(address, 1024);
        server.setExecutor(Executors.newFixedThreadPool(2 * Runtime.getRuntime().availableProcessors()));
        server.createContext("/model/score", exchange -> answer(exchange, pipeline));
        server.createContext("/livez", exchange -> exchange.sendResponseHeaders(200, -1));
        server.start();
    }

    private static void answer(HttpExchange exchange, MojoPipeline pipeline) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        byte[] answer = score(body, pipeline).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, answer.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(answer);
        }
    }

    private static String score(String body, MojoPipeline pipeline) {
        int rows = body.indexOf("\"rows\"");
        List<String> names = texts(body, body.indexOf('['), rows).get(0);
        MojoFrameBuilder frame = pipeline.getInputFrameBuilder();
        for (List<String> row : texts(body, body.indexOf('[', rows) + 1, body.length())) {
            MojoRowBuilder builder = frame.getMojoRowBuilder();
            for (int i = 0; i < row.size(); i++) {
                builder.setValue(names.get(i), row.get(i));
            }
            frame.addRow(builder);
        }
        MojoFrame made = pipeline.transform(frame.toMojoFrame());
        String[][] columns = new String[made.getNcols()][];
        StringBuilder out = new StringBuilder("{\"id\":\"").append(pipeline.getUuid()).append("\",\"fields\":[");
        for (int k = 0; k < columns.length; k++) {
            columns[k] = made.getColumn(k).getDataAsStrings();
            out.append(k == 0 ? "\"" : ",\"").append(made.getColumnName(k)).append('"');
        }
        out.append("],\"score\":[");
        for (int i = 0; i < made.getNrows(); i++) {
            out.append(i == 0 ? "[" : ",[");
            for (int k = 0; k < columns.length; k++) {
                out.append(k == 0 ? "\"" : ",\"").append(columns[k][i]).append('"');
            }
            out.append(']');
        }
        return out.append("]}").toString();
    }

    /** The arrays of texts between two places. */
    private static List<List<String>> texts(String body, int start, int end) {
        List<List<String>> found = new ArrayList<>();
        int at = body.indexOf('[', start);
        while (at >= 0 && at < end) {
            List<String> one = new ArrayList<>();
            int close = body.indexOf(']', at);
            int quote = body.indexOf('"', at);
            while (quote >= 0 && quote < close) {
                int after = body.indexOf('"', quote + 1);
                one.add(body.substring(quote + 1, after));
                quote = body.indexOf('"', after + 1);
            }
            found.add(one);
            at = body.indexOf('[', close);
        }
        return found;
    }
}
