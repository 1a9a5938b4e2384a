using System.Security.Cryptography;
using LifecycleManager.Security.Joining;

namespace LifecycleManager.Security.Tests.Joining;

public sealed class JoinTokenTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);
    private static readonly string Digest = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));

    [Fact]
    public void A_token_says_for_whom_until_when_and_of_which_authority()
    {
        var made = JoinToken.Create(JoinRole.Agent, Now.AddHours(1), Digest, Key);
        var token = JoinToken.Parse(made.Reveal());
        Assert.Equal((JoinRole.Agent, Now.AddHours(1), Digest, made.Id), (token.Role, token.Until, token.Authority, token.Id));
        Assert.True(token.IsSealedBy(Key));
        Assert.Null(token.WhyNot(JoinRole.Agent, Now));
        Assert.DoesNotContain(made.Reveal()[^20..], $"{token}", StringComparison.Ordinal);
        Assert.NotEqual(made.Id, JoinToken.Create(JoinRole.Agent, Now.AddHours(1), Digest, Key).Id);
    }

    [Fact]
    public void Whoever_changes_a_letter_has_no_seal()
    {
        var text = JoinToken.Create(JoinRole.Agent, Now, Digest, Key).Reveal();
        var parsed = 0;
        for (var i = 5; i < text.Length; i++)
        {
            var changed = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];
            try
            {
                // The last letter has bits that are no part of the token.
                var token = JoinToken.Parse(changed);
                parsed++;
                Assert.True(!token.IsSealedBy(Key) || token.Reveal() == text, changed);
            }
            catch (FormatException)
            {
                // Another role than there are.
            }
        }

        Assert.True(parsed > 100);
        Assert.False(JoinToken.Parse(text).IsSealedBy(RandomNumberGenerator.GetBytes(32)));
    }

    [Fact]
    public void Another_role_and_an_end_are_said_in_a_line()
    {
        var token = JoinToken.Create(JoinRole.Agent, Now, Digest, Key);
        Assert.Equal("the token is for the role agent, this process is of the role master: "
            + "'lcm token create --role master' makes one",
            token.WhyNot(JoinRole.Master, Now.AddHours(-1)));
        Assert.Equal("the token was good until 2026-11-30 12:00:00Z: 'lcm token create --role agent' makes a new one",
            token.WhyNot(JoinRole.Agent, Now));
        Assert.Null(token.WhyNot(JoinRole.Agent, Now.AddSeconds(-1)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("lcm1_")]
    [InlineData("lcm1_AAAA")]
    [InlineData("lcm2_VHvQbk6aN1qm7siOoFAhHwIAAAAAaw19vNaaWHqNLLQR7jQT6GvHiNr9GjdraB")]
    [InlineData("lcm1_!!!!")]
    public void What_is_none_is_not_repeated(string text)
    {
        var message = Assert.Throws<FormatException>(() => JoinToken.Parse(text)).Message;
        Assert.StartsWith("it is no token: ", message, StringComparison.Ordinal);
        if (text.Length > 5) Assert.DoesNotContain(text, message, StringComparison.Ordinal);
    }
}
