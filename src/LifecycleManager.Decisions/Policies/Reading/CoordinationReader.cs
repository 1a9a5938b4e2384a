using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads one coordination from one YAML document.</summary>
internal sealed class CoordinationReader(ProblemSink problems)
{
    private const int MaxApps = 50;
    private const int MaxRules = 100;
    private static readonly string[] Reserved = ["cluster", .. ExpressionParser.Keywords];
    private static readonly string[] Kinds = ["atLeast", "atMost", "hold"];
    private readonly List<(string Name, SourcePlace Place)> _named = [];
    private static readonly (string, Demand[])[] Holds =
    [
        ("scaleIn", [Demand.HoldScaleIn]), ("scaleOut", [Demand.HoldScaleOut]),
        ("all", [Demand.HoldScaleIn, Demand.HoldScaleOut]),
    ];

    /// <summary>The coordination; null where the document says none. Where there are errors it is not whole.</summary>
    public Coordination? Read(YamlNode document)
    {
        if (MapReader.AsMap(document, "a coordination", problems) is not { } map) return null;
        var name = map.Need("coordination") is { } node ? map.AsText(node, "coordination") : null;
        var apps = ReadApps(map);
        var used = new HashSet<string>(StringComparer.Ordinal);
        var rules = ReadRules(map, [.. apps.Select(app => app.Name)], used);
        used.UnionWith(apps.Select(app => app.DependenciesOf).OfType<string>());
        foreach (var unused in apps.Where(app => !problems.HasErrors && !used.Contains(app.Name)))
        {
            problems.Add(unused.Place.Line, unused.Place.Column, PolicySeverity.Warning,
                $"no rule uses the name '{unused.Name}'", null, "unused-name");
        }

        var coordination = new Coordination
        {
            Name = name ?? "?",
            Place = problems.Place(document),
            Apps = apps,
            Rules = rules,
            DryRun = map.Flag("dryRun") ?? false,
            Digest = DocumentDigest.Of(document),
        };
        map.Find("description");
        map.Done();
        return coordination;
    }

    private List<AppAlias> ReadApps(MapReader map)
    {
        var apps = new List<AppAlias>();
        if (map.Need("apps", "apps: { web: /shop/web, api: /shop/api }") is null || map.Sub("apps", "'apps'") is not { } names)
            return apps;
        if (!names.Keys.Any()) problems.Error(names.Map, "'apps' names no app", "apps: { web: /shop/web }", "app");
        foreach (var name in names.Keys)
        {
            var key = names.KeyOf(name);
            if (apps.Count >= MaxApps)
            {
                problems.Error(key, $"a coordination has at most {MaxApps} names", null, "too-many");
                break;
            }

            if (Array.IndexOf(Reserved, name) >= 0)
            {
                problems.Error(key, $"'{name}' cannot be the name of an app: it means something else", null, "name");
            }
            else if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                problems.Error(key, $"'{name}' cannot be used in expressions", "write letters, digits and '_', a letter first",
                    "name");
            }

            var node = names.Find(name)!;
            if (node is YamlScalar { IsNull: true })
                problems.Error(key, $"the name '{name}' has no app", $"{name}: /path/of/the/app", "app");
            // One that is wrong is known all the same: the rules that use it are not.
            var alias = node is YamlScalar { IsNull: true } ? null : ReadAlias(name, node, problems.Place(key));
            apps.Add(alias ?? new AppAlias(name, new AppSelector(), null, problems.Place(key)));
        }

        foreach (var alias in apps)
        {
            if (alias.DependenciesOf is not { } of) continue;
            if (apps.Any(other => other.Name == of && other.DependenciesOf is null)) continue;
            var at = ((YamlMap)names.Find(alias.Name)!).Entries.First(entry => entry.Key.Value == "dependenciesOf").Value;
            problems.Error(at, $"'dependenciesOf' takes a name with apps of its own, not '{of}'",
                NearestName.Suggest(of, apps.Where(other => other.Apps is not null).Select(other => other.Name)), "name");
        }

        return apps;
    }

    private AppAlias? ReadAlias(string name, YamlNode node, SourcePlace place)
    {
        if (node is not YamlMap map || map.Entries.All(entry => entry.Key.Value != "dependenciesOf"))
            return new SelectorSection(problems, name).Read(node) is { } apps ? new AppAlias(name, apps, null, place) : null;
        var reader = new MapReader(map, problems, $"'{name}'");
        var of = reader.Text("dependenciesOf");
        reader.Done();
        return of is null ? null : new AppAlias(name, null, of, place);
    }

    private List<CoordinationRule> ReadRules(MapReader map, IReadOnlyCollection<string> names, HashSet<string> used)
    {
        var rules = new List<CoordinationRule>();
        if (map.Need("rules", "rules: a list of rules") is not { } node) return rules;
        if (node is not YamlList { Items.Count: > 0 } list)
        {
            problems.Error(node, $"'rules' must be a list of rules, not {node.Kind}", "start each rule with '- rule: a name'",
                "type");
            return rules;
        }

        var known = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        foreach (var item in list.Items)
        {
            if (rules.Count >= MaxRules)
            {
                problems.Error(item, $"a coordination has at most {MaxRules} rules", null, "too-many");
                break;
            }

            if (MapReader.AsMap(item, "a rule", problems) is not { } one) continue;
            var name = one.Need("rule", "rule: a name") is { } nameNode ? one.AsText(nameNode, "rule") : null;
            if (name is not null && !known.TryAdd(name, item))
            {
                problems.Error(item, $"the rule '{name}' is given twice", $"first on line {known[name].Start.Line}",
                    "duplicate-rule");
            }

            if (ReadRule(one, name ?? "?", names, used) is { } rule) rules.Add(rule);
            one.Find("description");
            one.Done();
        }

        return rules;
    }

    private CoordinationRule? ReadRule(MapReader map, string name, IReadOnlyCollection<string> names, HashSet<string> used)
    {
        var table = new ScopeTable(names);
        _named.Clear();
        var when = map.Need("when", "when: web.wanted > api.wanted") is { } condition
            ? Compile(condition, "when", table, ExpressionCompiler.Condition) : null;
        var demands = new List<RuleDemand>();
        if (map.Need("then", "then: { api: { atLeast: web.wanted / 2 } }") is not null && map.Sub("then", "'then'") is { } then)
        {
            if (!then.Keys.Any()) problems.Error(then.Map, $"the rule '{name}' does nothing", null, "action");
            foreach (var target in then.Keys)
            {
                var node = then.Find(target)!;
                if (!names.Contains(target))
                {
                    problems.Error(then.KeyOf(target), $"'{target}' is not a name of this coordination",
                        NearestName.Suggest(target, names), "name");
                }
                else if (MapReader.AsMap(node, $"what '{target}' is to do", problems) is { } what)
                {
                    used.Add(target);
                    demands.AddRange(ReadDemands(target, what, table));
                }
            }
        }

        used.UnionWith(table.UsedAliases);
        return when is null || demands.Count == 0 ? null : new CoordinationRule(when, demands, table.Reads)
        {
            Name = name,
            Place = problems.Place(map.Map),
            Names = [.. _named],
        };
    }

    private List<RuleDemand> ReadDemands(string target, MapReader map, ScopeTable table)
    {
        var demands = new List<RuleDemand>();
        foreach (var (key, kind) in (ReadOnlySpan<(string, Demand)>)[("atLeast", Demand.AtLeast), ("atMost", Demand.AtMost)])
        {
            if (map.Find(key) is { } node && Compile(node, key, table, ExpressionCompiler.Number) is { } count)
                demands.Add(new RuleDemand(target, kind, count));
        }

        if (map.Choice("hold", Holds.Select(hold => (hold.Item1, Index: Array.IndexOf(Holds, hold))).ToArray()) is { } chosen)
            demands.AddRange(Holds[chosen].Item2.Select(kind => new RuleDemand(target, kind, null)));
        map.Done();
        if (!map.Keys.Any())
            problems.Error(map.Map, $"nothing is said of '{target}'", $"give one of {string.Join(", ", Kinds)}", "action");
        return demands;
    }

    private Expression? Compile(YamlNode node, string key, ScopeTable table, Func<string, ReadTable, Expression> compile)
    {
        if (node is not YamlScalar { IsNull: false } scalar)
        {
            problems.Error(node, $"'{key}' must be an expression, not {node.Kind}", null, "type");
            return null;
        }

        try
        {
            var expression = compile(scalar.Value, table);
            _named.AddRange(expression.Root.Names.Select(name => (name.Name, problems.Place(scalar, name.Start))));
            return expression;
        }
        catch (ExpressionException e)
        {
            problems.Error(scalar, e);
            return null;
        }
    }
}
