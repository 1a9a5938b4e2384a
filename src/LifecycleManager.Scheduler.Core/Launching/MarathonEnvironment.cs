using System.Globalization;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>
/// A task's environment as Marathon sets it; what the app itself defines wins. A port that is not published on the host shows as
/// its container port. The agent adds what Mesos' executors know (<c>MESOS_*</c>).
/// </summary>
internal static class MarathonEnvironment
{
    // Marathon's limits on labels in the environment.
    private const int MaxLabel = 512;

    /// <summary>The variables in a stable order.</summary>
    public static CommandEnvironment Build(AppDefinition app, Instance instance)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["HOST"] = instance.Host,
            ["MARATHON_APP_ID"] = app.Id.Path,
            ["MARATHON_APP_VERSION"] = Timestamps.Write(app.Version),
            ["MARATHON_APP_RESOURCE_CPUS"] = Number(app.Cpus),
            ["MARATHON_APP_RESOURCE_MEM"] = Number(app.Mem),
            ["MARATHON_APP_RESOURCE_DISK"] = Number(app.Disk),
            ["MARATHON_APP_RESOURCE_GPUS"] = Number(app.Gpus),
        };
        if (app.Wire.Container?.Docker?.Image is { } image) values["MARATHON_APP_DOCKER_IMAGE"] = image;
        AddLabels(values, app);
        AddPorts(values, app, instance);

        // What the app states is not among what it may name: nothing depends on an order.
        var known = ExpandLabel.IsSet(app.Labels) ? new Dictionary<string, string>(values, StringComparer.Ordinal) : null;
        var variables = new List<CommandEnvironment.Variable>();
        foreach (var (name, value) in app.Wire.Env ?? EmptyEnvironment)
        {
            if (value.ValueKind == JsonValueKind.Object) variables.Add(OfSecret(app, name, value));
            else
            {
                var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
                values[name] = known is null ? text : EnvironmentExpansion.Expand(text, known);
            }
        }

        variables.InsertRange(0, values
            .Where(entry => variables.TrueForAll(variable => variable.Name != entry.Key))
            .Select(entry => new CommandEnvironment.Variable { Name = entry.Key, Value = entry.Value }));
        return new CommandEnvironment(variables);
    }

    private static readonly IReadOnlyDictionary<string, JsonElement> EmptyEnvironment = new Dictionary<string, JsonElement>();

    private static void AddLabels(SortedDictionary<string, string> values, AppDefinition app)
    {
        var names = new List<string>();
        foreach (var (key, value) in app.Labels)
        {
            var name = Name(key);
            if (name.Length > MaxLabel || value.Length > MaxLabel) continue;
            names.Add(name);
            values[$"MARATHON_APP_LABEL_{name}"] = value;
        }

        if (names.Count > 0) values["MARATHON_APP_LABELS"] = string.Join(' ', names.Order(StringComparer.Ordinal));
    }

    private static void AddPorts(SortedDictionary<string, string> values, AppDefinition app, Instance instance)
    {
        var effective = new List<int>();
        for (var index = 0; index < app.Ports.Count; index++)
        {
            var spec = app.Ports[index];
            var host = index < instance.Ports.Count ? instance.Ports[index] : null;
            var container = spec.ContainerPort is 0 or null ? host : spec.ContainerPort;
            if ((host ?? container) is not { } port) continue;
            values[$"PORT{index}"] = Number(port);
            effective.Add(port);
            if (spec.ContainerPort is not null && container is not null) values[$"PORT_{container}"] = Number(port);
            if (!string.IsNullOrEmpty(spec.Name)) values[$"PORT_{Name(spec.Name)}"] = Number(port);
        }

        if (effective.Count == 0) return;
        values["PORT"] = Number(effective[0]);
        values["PORTS"] = string.Join(',', effective.Select(port => Number(port)));
    }

    private static CommandEnvironment.Variable OfSecret(AppDefinition app, string name, JsonElement value)
    {
        var secret = value.TryGetProperty("secret", out var key) ? key.GetString() ?? "" : "";
        var source = app.Wire.Secrets is { } secrets && secrets.TryGetValue(secret, out var named) ? named.Source : secret;
        return new CommandEnvironment.Variable
        {
            Name = name,
            Type = "SECRET",
            Secret = new Secret { Type = "REFERENCE", Reference = new Secret.ReferenceInfo(source) },
        };
    }

    private static string Name(string text) =>
        string.Concat(text.ToUpperInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    private static string Number(double value) => value.ToString("0.0##", CultureInfo.InvariantCulture);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
