using System.Globalization;
using System.Text;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Tests.Exposition;

public class ExpositionReaderTests
{
    [Fact]
    public void Reads_the_example_of_the_format_s_documentation()
    {
        const string Text = """
            # HELP http_requests_total The total number of HTTP requests.
            # TYPE http_requests_total counter
            http_requests_total{method="post",code="200"} 1027 1395066363000
            http_requests_total{method="post",code="400"}    3 1395066363000

            # Escaping in label values:
            msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

            # Minimalistic line:
            metric_without_timestamp_and_labels 12.47

            # A weird metric from before the epoch:
            something_weird{problem="division by zero"} +Inf -3982045

            # TYPE http_request_duration_seconds histogram
            http_request_duration_seconds_bucket{le="+Inf"} 144320
            http_request_duration_seconds_sum 53423

            """;
        var (samples, error) = Texts.All(Text);
        Assert.Null(error);
        Assert.Equal(
        [
            new("http_requests_total{method=post|code=200}", 1027, 1395066363000),
            new("http_requests_total{method=post|code=400}", 3, 1395066363000),
            new("msdos_file_access_time_seconds{path=C:\\DIR\\FILE.TXT|error=Cannot find file:\n\"FILE.TXT\"}", 1.458255915e9),
            new("metric_without_timestamp_and_labels", 12.47),
            new("something_weird{problem=division by zero}", double.PositiveInfinity, -3982045),
            new("http_request_duration_seconds_bucket{le=+Inf}", 144320),
            new("http_request_duration_seconds_sum", 53423),
        ], samples);
    }

    [Fact]
    public void Reads_open_metrics_with_exemplars_and_times_in_seconds()
    {
        const string Text = "# TYPE foo histogram\n# UNIT foo_seconds seconds\n# HELP foo A \"histogram\".\n"
            + "foo_bucket{le=\"0.1\"} 8.0 # {} 0.054\n"
            + "foo_bucket{le=\"1\"} 11 1520879607.789 # {trace_id=\"Kx}\\\"y\"} 0.67 1520879607.7\n"
            + "foo_bucket{le=\"+Inf\"} 17\nfoo_count 17\nfoo_sum 324789.3\nfoo_created 1520430000.123\n# EOF\n";
        var (samples, error) = Texts.All(Text, ExpositionFormat.OpenMetrics);
        Assert.Null(error);
        Assert.Equal(6, samples.Count);
        Assert.Equal(new Read("foo_bucket{le=1}", 11, 1520879607789), samples[1]);

        var reader = new ExpositionReader(Encoding.UTF8.GetBytes(Text), ExpositionFormat.OpenMetrics);
        Assert.Equal(ExpositionToken.Sample, reader.Read());
        Assert.True(reader.HasExemplar);
        Assert.Equal(0.054, reader.ExemplarValue);
        Assert.Equal(ExpositionToken.Sample, reader.Read());
        Assert.Equal("trace_id=\"Kx}\\\"y\"", Encoding.UTF8.GetString(reader.ExemplarLabels));
        Assert.Equal(0.67, reader.ExemplarValue);
        Assert.Equal(ExpositionToken.Sample, reader.Read());
        Assert.False(reader.HasExemplar);
    }

    [Theory]
    [InlineData("a{b=\"c\"} 1\nd{e=f} 2\n", 2, 5, "double quotes")]
    [InlineData("a 1\n9b 2\n", 2, 1, "metric name")]
    [InlineData("a one\n", 1, 3, "value")]
    [InlineData("a 1 soon\n", 1, 5, "milliseconds")]
    [InlineData("a 1 1 1\n", 1, 7, "end here")]
    [InlineData("a{b=\"c} 1\n", 1, 0, "no end")]
    [InlineData("a{b=\"c\";d=\"e\"} 1\n", 1, 8, "',' or '}'")]
    [InlineData("a{1b=\"c\"} 1\n", 1, 3, "label name")]
    [InlineData("a{b=\"c\"}\n", 1, 9, "value")]
    [InlineData("a", 1, 2, "value")]
    [InlineData("a 1\r\n", 1, 4, "milliseconds")]
    [InlineData("# TYPE a kettle\n", 1, 10, "type")]
    [InlineData("<!doctype html>", 1, 1, "metric name")]
    [InlineData("{\"gauge.servo.tpm\":1}", 1, 19, "'='")]
    [InlineData("{b=\"c\"} 1\n", 1, 1, "metric name")]
    [InlineData("{\"\"} 1\n", 1, 2, "name is empty")]
    [InlineData("a 1\n\0\n", 2, 1, "NUL")]
    public void Says_where_a_text_is_malformed(string text, int line, int column, string what)
    {
        var error = Assert.NotNull(Texts.All(text).Error);
        Assert.Equal(line, error.Line);
        if (column > 0) Assert.Equal(column, error.Column);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a 1\n", "# EOF")]
    [InlineData("a 1\n# EOF\nb 2\n", "may follow")]
    [InlineData("a  1\n# EOF\n", "value")]
    [InlineData("a\t1\n# EOF\n", "space")]
    [InlineData("a 1\n\nb 2\n# EOF\n", "blank")]
    [InlineData("# a comment\na 1\n# EOF\n", "HELP")]
    [InlineData("a_total 1 # {b=\"c\"\n# EOF\n", "'}'")]
    [InlineData("a_total 1 # {b=\"c\"} x\n# EOF\n", "exemplar")]
    [InlineData("a 1", "# EOF")]
    public void Holds_open_metrics_to_its_stricter_rules(string text, string what) =>
        Assert.Contains(what, Assert.NotNull(Texts.All(text, ExpositionFormat.OpenMetrics).Error).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Refuses_what_is_not_utf8_and_says_where()
    {
        var (samples, error) = Texts.All([.. "a 1\nb{c=\"ü"u8, 0xFF, .. "\"} 2\n"u8], ExpositionFormat.Text);
        Assert.Single(samples);
        Assert.Equal(new ExpositionError(2, 8, "invalid UTF-8 in a label value"), error);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("-0", -0.0)]
    [InlineData("+5", 5)]
    [InlineData("5.", 5)]
    [InlineData(".5", .5)]
    [InlineData("1e3", 1000)]
    [InlineData("1E-3", 0.001)]
    [InlineData("9007199254740993", 9007199254740993)]
    [InlineData("123456789012345678901234567890", 123456789012345678901234567890.0)]
    [InlineData("2.2250738585072011e-308", 2.2250738585072011e-308)]
    [InlineData("4.9e-324", 4.9e-324)]
    [InlineData("1.7976931348623157e308", 1.7976931348623157e308)]
    [InlineData("0.1e-400", 0)]
    [InlineData("Inf", double.PositiveInfinity)]
    [InlineData("-inf", double.NegativeInfinity)]
    [InlineData("+Infinity", double.PositiveInfinity)]
    [InlineData("NaN", double.NaN)]
    [InlineData("nan", double.NaN)]
    public void Numbers_are_go_s(string text, double expected)
    {
        Assert.True(ExpositionNumber.TryParse(Encoding.UTF8.GetBytes(text), out var value));
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("e5")]
    [InlineData("1_000")]
    [InlineData("0x1p4")]
    [InlineData("1e400")]
    [InlineData("1,5")]
    [InlineData("+NaN")]
    [InlineData("1 ")]
    [InlineData("infin")]
    public void What_go_refuses_is_no_number(string text) =>
        Assert.False(ExpositionNumber.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Decimal_numbers_are_rounded_as_the_runtime_rounds_them() =>
        CsCheck.Check.Sample(CsCheck.Gen.Select(CsCheck.Gen.ULong, CsCheck.Gen.Int[0, 21], CsCheck.Gen.Int[-25, 25]), number =>
        {
            var (digits, point, power) = number;
            var whole = digits.ToString(CultureInfo.InvariantCulture);
            whole = whole.Insert(Math.Min(point, whole.Length), ".");
            var shorter = whole[..Math.Min(17, whole.Length)];
            foreach (var text in (string[])[whole, whole[..^1], $"{whole}e{power}", $"{shorter}E{power}"])
            {
                var theirs = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var expected);
                if (ExpositionNumber.TryParse(Encoding.UTF8.GetBytes(text), out var ours) != theirs || !ours.Equals(expected))
                    return false;
            }

            return true;
        }, iter: 20_000);

    [Fact]
    public void A_text_reads_the_same_wherever_a_block_of_it_ends()
    {
        // Series of every length, in texts that end at once or long after them.
        foreach (var end in (string[])["\n", "\n" + new string('\n', 200)])
        {
            for (var length = 0; length < 140; length++)
            {
                var (name, value) = (new string('n', length % 71 + 1), new string('v', length));
                var (samples, error) = Texts.All($"{name}{{a=\"{value}\",{name}=\"x\\\"\"}} 1 5{end}");
                Assert.Null(error);
                Assert.Equal([new Read($"{name}{{a={value}|{name}=x\"}}", 1, 5)], samples);
                (samples, error) = Texts.All($"{name}{{a=\"{value}\"}} 1{end}");
                Assert.Null(error);
                Assert.Equal([new Read($"{name}{{a={value}}}", 1)], samples);
                Assert.NotNull(Texts.All($"{name}{{a=\"{value}\"b}} 1{end}").Error);
                Assert.NotNull(Texts.All($"{name}{{a=\"{value}\",9=\"\"}} 1{end}").Error);
                Assert.NotNull(Texts.All($"{name}{{a=\"{value}}} 1{end}").Error);
            }
        }
    }

    [Fact]
    public void Every_double_survives_the_way_through_text() => CsCheck.Check.Sample(CsCheck.Gen.Double, value =>
    {
        foreach (var format in (string[])["R", "E16", "G17"])
        {
            var text = value.ToString(format, CultureInfo.InvariantCulture).Replace("∞", "Inf", StringComparison.Ordinal);
            if (!ExpositionNumber.TryParse(Encoding.UTF8.GetBytes(text), out var read) || !read.Equals(value)) return false;
        }

        return true;
    });
}
