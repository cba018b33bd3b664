import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.util.Map;
import java.util.TreeMap;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;

/**
 * Asks veraPDF about many files in one run. Reads lines "profile TAB path" from standard input and answers each with
 * lines "FAILED TAB profile TAB path TAB rule TAB count TAB message", then one "DONE TAB profile TAB path TAB checks".
 * A file that cannot be read is answered with "ERROR TAB profile TAB path TAB exception".
 */
public final class Conformance {
    private static final Map<String, String> PROFILES = Map.of("2b", "PDFA-2B.xml", "ua1", "PDFUA-1.xml");

    public static void main(String[] arguments) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = asked.readLine(); line != null; line = asked.readLine()) {
            String[] parts = line.split("\t", 2);
            try {
                answer(parts[0], parts[1]);
            } catch (Throwable problem) {
                System.out.println(String.join("\t", "ERROR", parts[0], parts[1], oneLine(problem.toString())));
            }
        }
    }

    private static void answer(String name, String path) throws Exception {
        // by resource: the profile directory of this build does not list them
        InputStream source = Conformance.class.getResourceAsStream("/org/verapdf/pdfa/validation/" + PROFILES.get(name));
        ValidationProfile profile = Profiles.profileFromXml(source);
        try (FileInputStream file = new FileInputStream(path);
                PDFAParser parser = Foundries.defaultInstance().createParser(file, profile.getPDFAFlavour())) {
            PDFAValidator validator = Foundries.defaultInstance().createValidator(profile, -1, false, true, false);
            ValidationResult result = validator.validate(parser);
            Map<String, Integer> counts = new TreeMap<>();
            Map<String, String> messages = new TreeMap<>();
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    String rule = assertion.getRuleId().getClause() + "-" + assertion.getRuleId().getTestNumber();
                    counts.merge(rule, 1, Integer::sum);
                    messages.put(rule, oneLine(assertion.getMessage()));
                }
            }
            for (Map.Entry<String, Integer> entry : counts.entrySet()) {
                String rule = entry.getKey();
                System.out.println(
                        String.join("\t", "FAILED", name, path, rule, entry.getValue().toString(), messages.get(rule)));
            }
            System.out.println(String.join("\t", "DONE", name, path, String.valueOf(result.getTotalAssertions())));
        }
    }

    private static String oneLine(String text) {
        return text == null ? "" : text.replaceAll("\\s+", " ");
    }
}
