using System.Globalization;
using System.Text.Json;
using LifecycleManager.Discovery.Eureka;

namespace LifecycleManager.Discovery.Tests.Eureka;

/// <summary>What clients of Spring Cloud write, as its server tells it: recorded, and what others write.</summary>
public sealed class EurekaAppsTests
{
    [Fact]
    public void The_recorded_server_is_read_whole()
    {
        var apps = Read(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "eureka-apps.json")), out var skipped);
        Assert.Empty(skipped);
        Assert.Equal(
        [
            "BILLING 127.0.0.1 24012/- UP 24013", "BOTH 127.0.0.1 24015/24016 UP 24015",
            "HOLD 127.0.0.1 24018/- OUT_OF_SERVICE 24018",
            "ORDERS 127.0.0.1 24010/- UP 24010", "ORDERS 127.0.0.1 24011/- UP 24011", "SLOW 127.0.0.1 24017/- STARTING 24017",
            "VAULT 127.0.0.1 -/24014 UP 24014",
        ],
            apps.Select(Text).Order(StringComparer.Ordinal));
        Assert.All(apps.Where(one => one.Status == "UP"), one => Assert.NotNull(one.UpSince));
        Assert.Null(apps.Single(one => one.App == "SLOW").UpSince);
    }

    [Fact]
    public void Every_recorded_list_is_read_of_one_of_none_and_in_compact_form()
    {
        const string Orders = "ORDERS 127.0.0.1 24010/- ";
        var all = new Dictionary<string, string[]>
        {
            ["empty-apps-json"] = [],
            ["none-vip-json"] = [],
            ["one-apps-json"] = [Orders + "UP 24010"],
            ["one-vip-json"] = [Orders + "UP 24010"],

            // The compact form has no metadata.
            ["one-apps-compact"] = [Orders + "UP"],
            ["all-apps-compact"] =
            [
                "BILLING 127.0.0.1 24012/- UP", "BOTH 127.0.0.1 24015/24016 UP", "HOLD 127.0.0.1 24018/- OUT_OF_SERVICE",
                Orders + "UP", "ORDERS 127.0.0.1 24011/- UP", "SLOW 127.0.0.1 24017/- STARTING", "VAULT 127.0.0.1 -/24014 UP",
            ],
            ["all-delta-json"] =
            [
                "HOLD 127.0.0.1 24018/- OUT_OF_SERVICE 24018", Orders + "UP 24010", "SLOW 127.0.0.1 24017/- STARTING 24017",
            ],
            ["secure-svip-json"] = ["VAULT 127.0.0.1 -/24014 UP 24014"],
            ["after-stop-delta-json"] = [Orders + "DOWN 24010"],
        };
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Data", "eureka-lists.jsonl"));
        Assert.Equal(all.Count, lines.Length);
        Assert.All(lines, line =>
        {
            using var recorded = JsonDocument.Parse(line);
            var read = Read(recorded.RootElement.GetProperty("body").GetString()!, out var skipped);
            Assert.Empty(skipped);
            Assert.Equal(all[recorded.RootElement.GetProperty("id").GetString()!],
                read.Select(Text).Order(StringComparer.Ordinal));
        });
    }

    [Fact]
    public void Numbers_may_be_texts_and_texts_numbers_and_what_states_no_address_is_said()
    {
        var apps = Read("""
            {"applications":{"application":{"name":"HAND","instance":[
              {"instanceId":"a","ipAddr":"10.0.0.1","status":"UP","port":{"$":"24021","@enabled":true},
               "securePort":{"$":"443","@enabled":false},"leaseInfo":{"serviceUpTimestamp":"1795902677257"},
               "metadata":{"management.port":24022}},
              {"instanceId":"b","status":"UP","port":{"$":1,"@enabled":"true"}}]}}}
            """, out var skipped);
        Assert.Equal("HAND 10.0.0.1 24021/- UP 24022", Text(Assert.Single(apps)));
        Assert.Equal(1795902677257, apps[0].UpSince!.Value.ToUnixTimeMilliseconds());
        Assert.Equal("HAND/b states no address", Assert.Single(skipped));
    }

    private static IReadOnlyList<EurekaInstance> Read(string json, out List<string> skipped)
    {
        using var document = JsonDocument.Parse(json);
        skipped = [];
        return EurekaApps.Read(document.RootElement, skipped.Add);
    }

    private static string Text(EurekaInstance one) => string.Join(' ',
        ((string?[])[one.App, one.Host, $"{Text(one.Port)}/{Text(one.SecurePort)}", one.Status,
            one.Metadata.GetValueOrDefault("management.port")]).OfType<string>());

    private static string Text(int? port) => port?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
