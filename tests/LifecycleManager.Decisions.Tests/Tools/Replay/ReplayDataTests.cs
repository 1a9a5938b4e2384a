using System.Text.Json;
using LifecycleManager.Decisions.Tools.Replay;

namespace LifecycleManager.Decisions.Tests.Tools.Replay;

/// <summary>What Prometheus 3.16 answered to range queries is a recording, or is refused for the reason that is in it.</summary>
public sealed class ReplayDataTests
{
    [Fact]
    public void Each_recorded_answer_of_a_range_query_is_read_or_refused()
    {
        var expected = new Dictionary<string, string>
        {
            // Series of one name are instances of one total.
            ["range-vector"] = "0: 5, 2000: 9, 4000: 6, 6000: 10",
            ["range-scalar"] = "-2000: 2, 0: 2, 2000: 2, 4000: 2, 6000: 2",
            ["range-empty"] = "",
            ["range-nan"] = "",
            ["range-native"] = "a series has no 'values': it is of native histograms; ask for a quantile or a rate",
            ["range-gap"] = "6000: 1",
            ["range-info"] = "0: 0, 2000: 1.0749333333333333, 4000: 1.5858499999999998, 6000: 1.75",
            ["gone-range"] = "3000: 3, 4000: 3, 5000: 3, 6000: 3, 7000: 3",
            ["starting-range"] = "the header must name the time and at least one metric, each once",
        };
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Data", "prometheus-ranges.jsonl"));
        Assert.Equal(16, lines.Length);
        foreach (var line in lines)
        {
            using var recorded = JsonDocument.Parse(line);
            var id = recorded.RootElement.GetProperty("id").GetString()!;
            Assert.Equal((id, expected.GetValueOrDefault(id, "the server answers an error: text")),
                (id, Read(recorded.RootElement.GetProperty("body").GetString()!)));
        }
    }

    [Fact]
    public void An_answer_that_may_be_a_part_of_the_whole_is_refused_with_the_server_s_words()
    {
        const string Data =
            """ "data":{"resultType":"matrix","result":[{"metric":{},"values":[[1795902160,"5"]]}]} """;
        Assert.Equal("0: 5", Read($$"""{"status":"success",{{Data}},"warnings":[],"infos":["x"]}"""));
        Assert.Equal("the server warns, so that this may be a part of the whole: store b is down; x",
            Read($$"""{"status":"success",{{Data}},"warnings":["store b is down","x"]}"""));
        Assert.Equal("the server answers an error: half of it is gone",
            Read($$"""{"status":"error","error":"half of it is gone",{{Data}}}"""));
    }

    private static string Read(string body)
    {
        try
        {
            return string.Join(", ", ReplayData.Read(body, "m").SelectMany(column => column.Value)
                .Select(sample => FormattableString.Invariant($"{sample.Key - 1795902160000}: {sample.Value}")));
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }
}
