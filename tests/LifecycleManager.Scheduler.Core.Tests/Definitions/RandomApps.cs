using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions;

/// <summary>
/// JSON for apps from every corner: each field of the wire types absent, plausible, at its bounds, of another type or strange.
/// The same seed gives the same text.
/// </summary>
internal sealed class RandomApps(int seed)
{
    private static readonly Dictionary<string, string[]> Plausible = new(StringComparer.Ordinal)
    {
        ["cmd"] = ["\"sleep 100\"", "\"echo $PORT0 \\u00e4\\ud83d\\ude80\""],
        ["instances"] = ["0", "1", "3.0", "1000000"],
        ["cpus"] = ["0", "0.1", "2"],
        ["mem"] = ["0", "32", "1e3"],
        ["disk"] = ["0", "10"],
        ["gpus"] = ["0"],
        ["executor"] = ["\"\"", "\"//cmd\""],
        ["constraints"] =
        [
            "[]", "[[\"hostname\",\"UNIQUE\"]]", "[[\"rack\",\"LIKE\",\"r[0-9]+\"]]",
            "[[\"@zone\",\"GROUP_BY\",\"2\"],[\"rack\",\"MAX_PER\",\"1\"]]",
            "[[\"rack\",\"IS\",\"1.5\"]]", "[[\"rack\",\"UNLIKE\",\"\"]]", "[[\"hostname\",\"CLUSTER\"]]",
        ],
        ["ports"] = ["[]", "[0]", "[80,0]"],
        ["portDefinitions"] = ["[]", "[{\"port\":0,\"name\":\"http-api\"}]",
            "[{\"port\":9000,\"protocol\":\"udp,tcp\",\"labels\":{\"VIP_0\":\"a:1\"}}]"],
        ["requirePorts"] = ["true", "false"],
        ["container"] =
        [
            "{\"docker\":{\"image\":\"i:1\",\"network\":\"BRIDGE\",\"portMappings\":[{\"containerPort\":0,\"hostPort\":8090}]}}",
            "{\"type\":\"DOCKER\",\"docker\":{\"image\":\"i\"},\"portMappings\":[{\"containerPort\":80,\"name\":\"http-api\"},{\"protocol\":\"udp\"}]}",
            "{\"type\":\"MESOS\",\"volumes\":[{\"containerPath\":\"data\",\"hostPath\":\"/d\",\"mode\":\"RW\"}]}",
            "{\"docker\":{\"image\":\"i\",\"network\":\"HOST\",\"parameters\":[{\"key\":\"hostname\",\"value\":\"x\"}]}}",
        ],
        ["secrets"] = ["{}", "{\"s\":{\"source\":\"p\"}}"],
        ["networks"] = ["[{\"mode\":\"host\"}]", "[{\"name\":\"dmz\"}]", "[{\"mode\":\"container/bridge\"}]", "[]"],
        ["healthChecks"] =
        [
            "[]", "[{}]", "[{\"protocol\":\"HTTP\",\"path\":\"admin/health\",\"portIndex\":0}]",
            "[{\"protocol\":\"TCP\",\"port\":80}]",
            "[{\"protocol\":\"COMMAND\",\"command\":{\"value\":\"true\"}}]",
            "[{\"protocol\":\"MESOS_HTTPS\",\"gracePeriodSeconds\":0.5}]",
        ],
        ["readinessChecks"] = ["[]", "[{}]", "[{\"portName\":\"default\"}]"],
        ["dependencies"] = ["[]", "[\"../b\"]", "[\"/x/y\"]"],
        ["upgradeStrategy"] = ["{}", "{\"minimumHealthCapacity\":0,\"maximumOverCapacity\":1}"],
        ["labels"] = ["{}", "{\"lcm.canary\":\"1 pause, 50%\",\"lcm.priority\":\"7\"}", "{\"lcm.canary\":\"0%\"}",
            "{\"lcm.rollback.after\":\"9e9\"}", "{\"a\":\"\",\"ü\":\"\\u0000\"}"],
        ["env"] = ["{}", "{\"A\":{\"secret\":\"s\"}}", "{\"A\":\"b\",\"\\ud83d\\ude80\":\"c\"}"],
        ["acceptedResourceRoles"] = ["[\"*\"]"],
        ["taskKillGracePeriodSeconds"] = ["0", "30"],
        ["unreachableStrategy"] = ["\"disabled\"", "{}", "{\"inactiveAfterSeconds\":1,\"expungeAfterSeconds\":2.5}"],
        ["killSelection"] = ["\"OLDEST_FIRST\"", "\"YOUNGEST_FIRST\""],
        ["role"] = ["\"*\""],
        ["user"] = ["\"root\""],
        ["uris"] = ["[]", "[\"http://h/a.tgz\"]", "[\"file:///etc/hosts\",\"http://h/%2e%2e\"]"],
        ["fetch"] = ["[]", "[{\"uri\":\"https://h/a\",\"executable\":true,\"destPath\":\"b/c\"}]",
            "[{\"uri\":\"/x.zip\",\"cache\":true}]"],
    };

    private static readonly string[] Strange =
    [
        "null", "true", "-1", "0.5", "65536", "2147483648", "1e308", "1e999", "-0", "\"\"", "\"\\u0000\"", "\"\\ud800\"",
        "\"../..\"",
        "\"/\"", "[]", "{}", "[null]", "[[]]", "[[[]]]", "{\"a\":null}", "{\"\":1}", "\"(a+)+$\"", "[{}]", "\"ÄÖ 🚀\"",
        "[\"a\",\"a\"]",
    ];

    private readonly Random _random = new(seed);

    /// <summary>One app, mostly with an id (or with the given one) and something to run.</summary>
    public string App(string? id = null)
    {
        var fields = new List<string>();
        if (id is not null) fields.Add($"\"id\":\"{id}\"");
        else if (_random.Next(20) > 0) fields.Add("\"id\":" + Pick(["\"/a\"", "\"a/b.c\"", "\"g/a-1\"", "\"/x/../y\""]));
        if (_random.Next(10) > 0) fields.Add("\"cmd\":\"sleep 1\"");
        var odd = _random.Next(3) == 0;
        foreach (var property in MarathonJson.Default.App.Properties)
        {
            if (property.Name is "id" or "cmd" or "version" || _random.Next(5) > 0) continue;
            if (!odd && !Plausible.ContainsKey(property.Name)) continue;
            fields.Add($"\"{property.Name}\":{Value(property.Name, property.PropertyType, odd, 0)}");
        }

        if (odd && _random.Next(10) == 0) fields.Add("\"surprise\":1");
        return "{" + string.Join(',', fields) + "}";
    }

    private string Value(string name, Type type, bool odd, int depth)
    {
        if (odd && _random.Next(6) == 0) return Pick(Strange);
        if (Plausible.TryGetValue(name, out var values) && depth == 0 && (!odd || _random.Next(2) == 0)) return Pick(values);
        var target = Nullable.GetUnderlyingType(type) ?? type;
        if (target == typeof(string)) return Pick(["\"a\"", "\"tcp\"", "\"HTTP\"", "\"/p\"", "\"RW\"", "\"IPv4\""]);
        if (target == typeof(int)) return Pick(["0", "1", "80", "8090", "-1"]);
        if (target == typeof(double)) return Pick(["0", "1", "0.25", "100", "-1"]);
        if (target == typeof(bool)) return Pick(["true", "false"]);
        if (target == typeof(JsonElement)) return Pick(["\"x\"", "{}", "1", "null"]);
        var info = MarathonJson.Default.GetTypeInfo(target);
        if (info is null || depth > 4) return Pick(Strange);
        switch (info.Kind)
        {
            case JsonTypeInfoKind.Enumerable:
                return "[" + string.Join(',', Enumerable.Range(0, _random.Next(3))
                    .Select(_ => Value("", info.ElementType!, odd, depth + 1))) + "]";
            case JsonTypeInfoKind.Dictionary:
                return "{" + string.Join(',', Enumerable.Range(0, _random.Next(3)).Select(index =>
                    string.Create(CultureInfo.InvariantCulture, $"\"k{index}\":{Value("", info.ElementType!, odd, depth + 1)}")))
                    + "}";
            default:
                var text = new StringBuilder("{");
                foreach (var property in info.Properties.Where(_ => _random.Next(2) == 0))
                {
                    if (text.Length > 1) text.Append(',');
                    text.Append('"').Append(property.Name).Append("\":")
                        .Append(Value(property.Name, property.PropertyType, odd, depth + 1));
                }

                return text.Append('}').ToString();
        }
    }

    private string Pick(string[] values) => values[_random.Next(values.Length)];
}
