import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.security.Security;
import java.util.Arrays;
import java.util.logging.LogManager;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.apache.pdfbox.pdmodel.interactive.form.PDSignatureField;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.tsp.TimeStampToken;

/**
 * Another parser and another cryptography over many files in one run. Reads paths from standard input; answers each
 * signature with "path TAB field TAB kind TAB verdict TAB coverage" (kind: signature, stamp or empty; verdict: right,
 * wrong or the exception; coverage: whole or partial), or one line "path TAB - TAB error TAB exception TAB -".
 */
public final class SecondOpinion {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        LogManager.getLogManager().reset();
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String path = asked.readLine(); path != null; path = asked.readLine()) {
            byte[] raw = Files.readAllBytes(Paths.get(path));
            try (PDDocument document = PDDocument.load(raw)) {
                for (PDSignatureField field : document.getSignatureFields()) {
                    tell(path, field.getFullyQualifiedName(), field.getSignature(), raw);
                }
            } catch (Exception problem) {
                System.out.println(String.join("\t", path, "-", "error", oneLine(problem), "-"));
            }
        }
    }

    private static void tell(String path, String field, PDSignature signature, byte[] raw) {
        if (signature == null) {
            System.out.println(String.join("\t", path, field, "empty", "-", "-"));
            return;
        }
        String kind = "ETSI.RFC3161".equals(signature.getSubFilter()) ? "stamp" : "signature";
        String verdict;
        String coverage = "-";
        try {
            byte[] contents = signature.getContents(raw);
            byte[] signed = signature.getSignedContent(raw);
            int[] range = signature.getByteRange();
            coverage = range[2] + range[3] == raw.length ? "whole" : "partial";
            verdict = (kind.equals("stamp") ? stamp(contents, signed) : person(contents, signed)) ? "right" : "wrong";
        } catch (Exception problem) {
            verdict = oneLine(problem);
        }
        System.out.println(String.join("\t", path, field, kind, verdict, coverage));
    }

    private static boolean person(byte[] contents, byte[] signed) throws Exception {
        CMSSignedData data = new CMSSignedData(new CMSProcessableByteArray(signed), contents);
        SignerInformation signer = data.getSignerInfos().iterator().next();
        X509CertificateHolder holder =
                (X509CertificateHolder) data.getCertificates().getMatches(signer.getSID()).iterator().next();
        return signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(holder));
    }

    private static boolean stamp(byte[] contents, byte[] signed) throws Exception {
        TimeStampToken token = new TimeStampToken(new CMSSignedData(contents));
        String digest = token.getTimeStampInfo().getMessageImprintAlgOID().getId();
        byte[] hash = MessageDigest.getInstance(digest, "BC").digest(signed);
        X509CertificateHolder holder =
                (X509CertificateHolder) token.getCertificates().getMatches(token.getSID()).iterator().next();
        token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(holder));
        return Arrays.equals(hash, token.getTimeStampInfo().getMessageImprintDigest());
    }

    private static String oneLine(Exception problem) {
        return problem.toString().replaceAll("\\s+", " ");
    }
}
