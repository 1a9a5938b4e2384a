using System.Buffers;
using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>
/// Reads which apps a document concerns: an id, a glob, a list of them, or a mapping with labels and exceptions.
/// </summary>
internal sealed class SelectorSection(ProblemSink problems, string key)
{
    private static readonly SearchValues<char> NoId = SearchValues.Create(" \t,{}[]");

    /// <summary>The selector; null where the node is none.</summary>
    public AppSelector? Read(YamlNode node)
    {
        switch (node)
        {
            case YamlScalar or YamlList:
                return new AppSelector { Ids = ReadIds(node) };
            case YamlMap map:
                var reader = new MapReader(map, problems, $"'{key}'");
                var ids = reader.Find("ids") is { } list ? ReadIds(list) : [];
                var except = reader.Find("except") is { } others ? ReadIds(others) : [];
                var labels = new List<KeyValuePair<string, string>>();
                if (reader.Sub("labels", "'labels'") is { } wanted)
                {
                    foreach (var label in wanted.Keys)
                    {
                        if (wanted.Text(label) is { } value) labels.Add(new(label, value));
                    }

                    if (labels.Count == 0) problems.Error(wanted.Map, "'labels' is empty", "labels: { team: search }");
                }

                reader.Done();
                if (ids.Count == 0 && labels.Count == 0)
                    problems.Error(node, $"'{key}' selects nothing: give 'ids' or 'labels'", null, "app");
                return new AppSelector { Ids = ids, Labels = labels, Except = except };
            default:
                return null;
        }
    }

    private List<string> ReadIds(YamlNode node)
    {
        var ids = new List<string>();
        foreach (var item in node is YamlList list ? list.Items : [node])
        {
            if (item is not YamlScalar { IsNull: false } scalar)
            {
                problems.Error(item, $"an app must be an id, not {item.Kind}", $"{key}: /path/of/the/app", "type");
                continue;
            }

            var id = scalar.Value;
            if (!id.StartsWith('/'))
            {
                problems.Error(scalar, $"the app '{id}' must be absolute", $"write /{id}", "app");
            }
            else if (id.Length > 1 && id.EndsWith('/'))
            {
                problems.Error(scalar, $"the app '{id}' ends with a slash",
                    $"write {id.TrimEnd('/')}, or {id}* for the apps below", "app");
            }
            else if (id.AsSpan().ContainsAny(NoId))
            {
                problems.Error(scalar, $"'{id}' is not an app id or a glob", "give several as a list: [ /a, /b ]", "app");
            }

            ids.Add(id);
        }

        if (ids.Count == 0) problems.Error(node, "the list of apps is empty", null, "app");
        return ids;
    }
}
