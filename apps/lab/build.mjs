import './build/main.ts'
