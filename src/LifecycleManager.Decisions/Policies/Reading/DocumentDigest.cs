using System.Security.Cryptography;
using System.Text;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Tells whether two documents say the same.</summary>
internal static class DocumentDigest
{
    /// <summary>A digest of a document's content, layout and comments apart.</summary>
    public static string Of(YamlNode document)
    {
        var text = new StringBuilder();
        Append(document);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];

        void Append(YamlNode node)
        {
            switch (node)
            {
                case YamlScalar scalar:
                    text.Append(scalar.Value.Length).Append(':').Append(scalar.Value);
                    break;
                case YamlList list:
                    text.Append('[');
                    foreach (var item in list.Items) Append(item);
                    text.Append(']');
                    break;
                case YamlMap map:
                    text.Append('{');
                    foreach (var (key, value) in map.Entries)
                    {
                        Append(key);
                        Append(value);
                    }

                    text.Append('}');
                    break;
            }
        }
    }
}
