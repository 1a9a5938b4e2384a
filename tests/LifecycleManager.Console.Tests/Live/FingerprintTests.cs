using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Console.Live;

namespace LifecycleManager.Console.Tests.Live;

public sealed class FingerprintTests
{
    [Fact]
    public void Two_that_hold_the_same_have_the_same_and_what_is_in_pairs_is_looked_at_too()
    {
        Assert.Equal(Of((1, "a")), Of((1, "a")));
        Assert.NotEqual(Of((1, "a")), Of((1, "b")));

        static byte[] Of(params IReadOnlyList<(int, string)> pairs) => Fingerprint.Of(pairs);
    }

    /// <summary>What no fingerprint covers would change unseen.</summary>
    [Fact]
    public void All_that_pages_watch_is_covered()
    {
        var unknown = new List<string>();
        var seen = new HashSet<Type>();
        var watched = typeof(Feed).GetMembers().Select(member => member switch
        {
            PropertyInfo property => property.PropertyType,
            MethodInfo method => method.ReturnType,
            _ => typeof(void),
        }).Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Watch<>))
            .Select(type => type.GetGenericArguments()[0]).ToList();
        Assert.True(watched.Count > 15);
        foreach (var type in watched) Look(type, type.Name);
        Assert.Empty(unknown);

        void Look(Type type, string path)
        {
            if (!seen.Add(type) || typeof(JsonNode).IsAssignableFrom(type)) return;
            var info = Fingerprint.Options.GetTypeInfo(type);
            if (info.ElementType is { } element) Look(element, path + "[]");
            if (info.Kind != JsonTypeInfoKind.Object) return;
            if (type.IsInterface || type.IsAbstract || type == typeof(object)) unknown.Add($"{path} may be of any type");
            var left = type.GetProperties().Where(property => property.CanWrite && property.GetIndexParameters().Length == 0
                && !info.Properties.Any(known => known.Get is not null && Name(known) == property.Name));
            unknown.AddRange(left.Select(property => $"{path}.{property.Name} is not in its JSON"));
            if (info.Properties.Count == 0) unknown.Add($"{path} has nothing");
            foreach (var property in info.Properties) Look(property.PropertyType, $"{path}.{property.Name}");
        }

        static string? Name(JsonPropertyInfo property) => (property.AttributeProvider as MemberInfo)?.Name;
    }
}
