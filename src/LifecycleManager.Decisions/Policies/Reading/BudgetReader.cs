using System.Globalization;
using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads one budget from one YAML document.</summary>
internal sealed class BudgetReader(ProblemSink problems)
{
    private static readonly string[] Limits = ["instances", "cpus", "memory", "cost"];
    private static readonly (string Unit, double Megabytes)[] Units =
        [("MB", 1), ("GB", 1000), ("TB", 1_000_000), ("MiB", 1.048576), ("GiB", 1073.741824), ("TiB", 1_099_511.627776)];

    /// <summary>The budget; null where the document says none. Where there are errors it is not whole.</summary>
    public Budget? Read(YamlNode document)
    {
        if (MapReader.AsMap(document, "a budget", problems) is not { } map) return null;
        var name = map.Need("budget") is { } node ? map.AsText(node, "budget") : null;
        var apps = map.Need("apps", "apps: '/shop/*'") is { } selector ? new SelectorSection(problems, "apps").Read(selector)
            : null;
        var instances = map.Integer("instances", 0);
        var cpus = map.Find("cpus") is { } cores ? Number(cores, "cpus", "a number of cores", "write 0.5 or 64") : null;
        var memory = map.Find("memory") is { } size ? Megabytes(size) : null;
        var cost = map.Find("cost") is { } money
            ? Number(money, "cost", "an amount of money an hour", "write 40 or 12.50") : null;
        if (Limits.All(key => !map.Keys.Contains(key)))
        {
            problems.Error(map.Map, $"the budget '{name}' limits nothing", "give instances, cpus, memory (64 GB) or cost (40)",
                "missing-key");
        }

        map.Find("description");
        map.Done();
        return new Budget
        {
            Name = name ?? "?",
            Place = problems.Place(document),
            Apps = apps ?? new AppSelector(),
            Instances = instances,
            Cpus = cpus,
            Memory = memory,
            Cost = cost,
            Digest = DocumentDigest.Of(document),
        };
    }

    private double? Number(YamlNode node, string key, string what, string suggestion)
    {
        if (node is YamlScalar scalar && double.TryParse(scalar.Value, NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
        {
            return number;
        }

        problems.Error(node, $"'{key}' must be {what}, not {node.Kind}", suggestion, "type");
        return null;
    }

    private double? Megabytes(YamlNode node)
    {
        if (node is YamlScalar scalar)
        {
            foreach (var (unit, megabytes) in Units)
            {
                if (scalar.Value.EndsWith(unit, StringComparison.Ordinal)
                    && double.TryParse(scalar.Value.AsSpan(0, scalar.Value.Length - unit.Length), NumberStyles.AllowDecimalPoint
                        | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)
                    && double.IsFinite(number))
                {
                    return number * megabytes;
                }
            }
        }

        problems.Error(node, $"'memory' must be a size, not {node.Kind}", "write 512 MB, 64 GB or 1 TiB", "type");
        return null;
    }
}
