import { Menu, UnstyledButton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { signOut } from '../api/session.ts'
import { Icon } from '../ui/Icon.tsx'
import { useUserName } from './use-user-name.ts'

export function UserMenu() {
  const name = useUserName()
  return (
    <Menu position="bottom-end" width={200} shadow="md">
      <Menu.Target>
        <UnstyledButton className="user-button" aria-label={name === undefined ? 'Your account' : `Account of ${name}`}>
          <Icon name="user" />
          <span className="user-name">{name}</span>
          <Icon name="chevronDown" size={14} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          renderRoot={(props) => <Link to="/account" {...props} />}
          leftSection={<Icon name="key" size={16} />}
        >
          Account
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={signOut} leftSection={<Icon name="open" size={16} />}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
