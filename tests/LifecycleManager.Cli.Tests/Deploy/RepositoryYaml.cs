using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace LifecycleManager.Cli.Tests.Deploy;

/// <summary>The YAML files of the repository that a deployment reads.</summary>
internal static class RepositoryYaml
{
    /// <summary>A YAML file as dictionaries, lists and texts, its anchors merged.</summary>
    public static Dictionary<object, object> Yaml(string relative)
    {
        using var reader = new StreamReader(Repository.Path(relative));
        return new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(reader)));
    }

    public static Dictionary<object, object> Map(this object value, string key) =>
        ((Dictionary<object, object>)value).TryGetValue(key, out var found) && found is Dictionary<object, object> map ? map : [];

    public static string[] Texts(this object value, string key) =>
        ((Dictionary<object, object>)value).TryGetValue(key, out var found) && found is List<object> list
        ? [.. list.OfType<string>()] : [];

    public static string? Text(this object value, string key) =>
        ((Dictionary<object, object>)value).GetValueOrDefault(key) as string;
}
